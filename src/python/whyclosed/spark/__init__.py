"""Reads archives of captures with Spark 4.

The data source returns a table of an archive:

    from whyclosed.spark import WhyclosedSource
    spark.dataSource.register(WhyclosedSource)
    spark.read.format("whyclosed").option("table", "files").load("s3://captures")

`tables_of` returns connections and files from one reading, in two stages, so that all cores work on one sensor; the command
``whyclosed-spark INPUT OUTPUT`` writes both tables as Parquet. Every worker needs this package: install the wheel there, or
send an environment with it (``spark.archives``).
"""

from whyclosed.spark.source import WhyclosedSource
from whyclosed.spark.stages import Tables, tables_of

__all__ = ["Tables", "WhyclosedSource", "tables_of"]
