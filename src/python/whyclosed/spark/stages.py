"""Connections of an archive in two stages, so that all cores work on one sensor, too.

    stage 1   work items ──→ members: connections, parts of connections, and a row on the files of each item
    shuffle   the parts of a connection come together, and by sensor and time what the rules compare
    stage 2   `whyclosed fleet` ──→ connections, as in one run over all files
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from whyclosed.archive.items import near
from whyclosed.read import options as program_options
from whyclosed.running import run
from whyclosed.spark import tables
from whyclosed.spark.source import WhyclosedSource

#: The seconds of which one task of the second stage judges the ends: a day, as the output is partitioned.
BUCKET = 86_400

#: The seconds before and after them from which it has connections, too, because rules compare connections.
OVERLAP = 3_600


@dataclass
class Tables:
    """The tables of an archive, from one reading of its packets."""

    #: A row for each connection.
    connections: DataFrame
    #: A row for each file, and for each hole in the numbers of a rotated set.
    files: DataFrame
    #: The result of the first stage, which both are made of. It is kept on the disks of the workers.
    read: DataFrame

    def forget(self) -> None:
        """Removes the result of the first stage; the tables are read again if they are needed again."""
        self.read.unpersist()


def tables_of(
    spark: SparkSession, path: str, *, bucket: int = BUCKET, overlap: int = OVERLAP, **options: object
) -> Tables:
    """Returns the tables of an archive. The options are those of the data source.

    A connection is judged beside all others of its sensor that were open at most ``overlap`` seconds before or after the
    ``bucket`` seconds in which it ended. So rules that count more than that over a whole capture, such as how many
    connections ended after the same silence, count within that time.
    """
    spark.dataSource.register(WhyclosedSource)
    reader = spark.read.format("whyclosed").option("table", "members+files")
    for name, value in options.items():
        if value is not None:
            reader = reader.option(name, str(value))
    read = reader.load(path).persist(StorageLevel.DISK_ONLY)
    placed = _placed(read.where("row is not null").select("row.*"), bucket, overlap)
    keys = str(options["keylog"]) if options.get("keylog") is not None else None
    judge = partial(_judged, bucket=bucket, keylog=keys)
    connections = placed.mapInArrow(judge, from_arrow_schema(tables.schema("connections")))
    return Tables(connections, read.where("file is not null").select("file.*"), read)


def _placed(members: DataFrame, bucket: int, overlap: int) -> DataFrame:
    """Sends members to the buckets that need them: all from the first packet of a connection to its last."""
    of_ends = Window.partitionBy("sensor", "community_id").orderBy("first", "continues_before")
    of_connection = Window.partitionBy("sensor", "community_id", "chain")
    begins = F.when(F.col("continues_before"), 0).otherwise(1)
    seen = members.where("kind <> 'coverage'")
    # Nearly all rows are of connections that one item has seen as a whole: only the others have to come together.
    is_part = F.col("continues_before") | F.col("continues_after")
    wholes = seen.where(~is_part).withColumns({"begin": F.col("first"), "end": F.col("last")})
    parts = seen.where(is_part).withColumn("chain", F.sum(begins).over(of_ends))
    first, last = F.min("first").over(of_connection), F.max("last").over(of_connection)
    spans = wholes.unionByName(parts.withColumns({"begin": first, "end": last}).drop("chain"))
    begin, end = F.unix_seconds("begin") - overlap, F.unix_seconds("end") + overlap
    buckets = F.sequence(F.floor(begin / bucket), F.floor(end / bucket))
    found = spans.withColumn("bucket", F.explode(buckets)).select("bucket", *members.columns)
    # Each task needs the rows on all files of its sensor, before those of connections.
    wanted = found.select(F.col("sensor").alias("of"), "bucket").distinct()
    coverage = members.where("kind = 'coverage'").join(wanted, F.col("sensor").eqNullSafe(F.col("of")))
    together = found.unionByName(coverage.select("bucket", *members.columns)).repartition("sensor", "bucket")
    return together.sortWithinPartitions("sensor", "bucket", F.col("kind") != "coverage", "first")


def _judged(batches: Iterator[pa.RecordBatch], *, bucket: int, keylog: str | None) -> Iterator[pa.RecordBatch]:
    """Judges each sensor and bucket in a run of its own."""
    members = tables.schema("members")
    with TemporaryDirectory(prefix="whyclosed-") as folder, near(keylog) as keys:
        path = Path(folder, "members.arrow")
        current: object = None
        writer: pa.ipc.RecordBatchStreamWriter | None = None
        for key, rows in _runs(batches):
            if key != current and writer is not None:
                writer.close()
                yield from _fleet(path, current, bucket, keys)
                writer = None
            if writer is None:
                current, writer = key, pa.ipc.new_stream(str(path), members)
            # Spark gives times the zone of its session.
            writer.write_table(pa.Table.from_batches([rows]).select(members.names).cast(members))
        if writer is not None:
            writer.close()
            yield from _fleet(path, current, bucket, keys)


def _runs(batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[object, pa.RecordBatch]]:
    """Yields the rows in sequence that have the same sensor and bucket, with these."""
    for batch in batches:
        keys = list(zip(batch["sensor"].to_pylist(), batch["bucket"].to_pylist()))
        begin = 0
        for at in range(1, len(keys) + 1):
            if at == len(keys) or keys[at] != keys[begin]:
                yield keys[begin], batch.slice(begin, at - begin)
                begin = at


def _fleet(path: Path, key: object, bucket: int, keylog: str | None) -> Iterator[pa.RecordBatch]:
    """Yields the connections whose last packet lies in a bucket; the others are those that they are compared with."""
    assert isinstance(key, tuple)
    _, number = key
    period = f"{number * bucket}..{(number + 1) * bucket}"
    with run(["fleet", *program_options(keylog=keylog), "--owns", period, str(path)]) as reader:
        yield from reader
