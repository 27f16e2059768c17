"""The command ``whyclosed-spark INPUT OUTPUT``: an archive of captures as Parquet."""

import argparse
import sys
from collections.abc import Sequence

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from whyclosed.spark.options import OPTIONS
from whyclosed.spark.stages import BUCKET, OVERLAP, tables_of


def main(given: Sequence[str] | None = None) -> int:
    """Runs the command. Spark's own settings come from its configuration and from ``spark-submit``."""
    arguments = sys.argv[1:] if given is None else given
    _parser().parse_args(arguments)  # Before Spark takes its time.
    spark = SparkSession.builder.appName("whyclosed").getOrCreate()
    try:
        write(spark, arguments)
    finally:
        spark.stop()
    return 0


def write(spark: SparkSession, given: Sequence[str]) -> None:
    """Writes what the arguments of the command say."""
    arguments = _parser().parse_args(given)
    options = {name: getattr(arguments, name) for name in OPTIONS if name != "table"}
    tables = tables_of(spark, arguments.input, bucket=arguments.bucket, overlap=arguments.overlap, **options)
    # Spark's default is a type of its own, in which other engines find no time zone.
    spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
    output = arguments.output.rstrip("/")
    _write(_dated(tables.connections), f"{output}/connections", arguments.mode, ["date", "sensor"])
    _write(tables.files, f"{output}/files", arguments.mode, [])
    tables.forget()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="whyclosed-spark",
        description="Says of each WebSocket connection in an archive of captures why it closed. "
        "Writes OUTPUT/connections/date=…/sensor=… and OUTPUT/files as Parquet.",
    )
    parser.add_argument("input", metavar="INPUT", help="folder or URI of the archive")
    parser.add_argument("output", metavar="OUTPUT", help="folder or URI for the tables")
    for name, meaning in OPTIONS.items():
        if name != "table":
            flag = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)
            parser.add_argument(f"--{flag}", dest=name, metavar=name.upper(), help=meaning)
    parser.add_argument("--bucket", type=int, default=BUCKET, help="seconds that one task judges (%(default)s)")
    parser.add_argument(
        "--overlap", type=int, default=OVERLAP, help="seconds around them that rules look into (%(default)s)"
    )
    parser.add_argument(
        "--mode", choices=["error", "append", "overwrite"], default="error", help="if there is an OUTPUT (%(default)s)"
    )
    return parser


def _dated(connections: DataFrame) -> DataFrame:
    """Adds the day, in UTC, on which each connection ended; that on which it was opened while it is still open."""
    seconds = F.unix_seconds(F.coalesce("ended", "opened"))
    return connections.withColumn("date", F.date_from_unix_date(F.floor(seconds / 86_400).cast("int")))


def _write(table: DataFrame, path: str, mode: str, by: Sequence[str]) -> None:
    # One task judges a day of a sensor, so there is one file in each folder.
    table.write.mode(mode).option("compression", "zstd").partitionBy(*by).parquet(path)


if __name__ == "__main__":
    sys.exit(main())
