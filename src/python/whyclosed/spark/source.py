"""The data source ``whyclosed`` of Spark."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import StructType

from whyclosed import archive
from whyclosed.read import Table
from whyclosed.spark import tables
from whyclosed.spark.options import Options


class WhyclosedSource(DataSource):
    """Tables of an archive of captures: ``spark.read.format("whyclosed").load("captures/")``."""

    @classmethod
    def name(cls) -> str:
        """Returns the name of the format."""
        return "whyclosed"

    def schema(self) -> StructType:
        """Returns the columns of the table that the options name."""
        return from_arrow_schema(_schema(Options.of(self.options)))

    def reader(self, schema: StructType) -> DataSourceReader:
        """Returns the reader of that table."""
        return _Reader(Options.of(self.options))


@dataclass
class _Work(InputPartition):
    """One work item, on its way to a worker."""

    item: archive.Item


@dataclass
class _Reader(DataSourceReader):
    options: Options

    def partitions(self) -> Sequence[InputPartition]:
        """Plans the work; this runs on the driver."""
        return [_Work(item) for item in self.options.items()]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """Does the work of one item; this runs on a worker."""
        item, options = cast(_Work, partition).item, self.options
        store = archive.Store(options.path)
        with TemporaryDirectory(prefix="whyclosed-") as folder:
            # Beside members, the program writes no files, but members beside files.
            streamed, other = ("files", options.table) if options.table == "members" else (options.table, "files")
            path = Path(folder, "other.arrow")
            one: Table = cast(Table, streamed) if options.with_files else options.table
            with archive.read(
                store,
                item,
                table=one,
                beside=(cast(Table, other), path) if options.with_files else None,
                keylog=options.keylog,
                arguments=["--threads", str(options.threads)],
            ) as reader:
                yield from self._rows(one, item, store, reader)
            if options.with_files:
                with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as stream:
                    yield from self._rows(cast(Table, other), item, store, stream)

    def _rows(
        self, table: Table, item: archive.Item, store: archive.Store, reader: pa.RecordBatchReader
    ) -> Iterator[pa.RecordBatch]:
        """Yields the rows of a table as this read returns them."""
        batches = _of_files(store, item, reader) if table == "files" else iter(reader)
        if not self.options.with_files:
            yield from batches
            return
        both, name = _schema(self.options), "file" if table == "files" else "row"
        yield from (tables.as_rows(batch, name, both) for batch in batches)


def _schema(options: Options) -> pa.Schema:
    return tables.beside_files(options.table) if options.with_files else tables.schema(options.table)


def _of_files(
    store: archive.Store, item: archive.Item, batches: pa.RecordBatchReader
) -> Iterator[pa.RecordBatch]:
    """Yields the rows of the item's own files, since other items read them, too, and a row for each hole before them."""
    own = pa.array([store.name(path) for path in item.own])
    for batch in batches:
        yield batch.filter(pc.is_in(batch["path"], own))
    if item.holes:
        missing: list[dict[str, object]] = [
            {"sensor": item.sensor, "path": store.name(hole.set.removeprefix("./")), "error": _said(*hole.numbers)}
            for hole in item.holes
        ]
        yield tables.rows(missing, batches.schema)


def _said(first: int, last: int) -> str:
    """Says which numbers of a rotated set are missing. Their path has ``*`` for what is not known."""
    if first == last:
        return f"number {first} is missing from the rotated set"
    return f"numbers {first} to {last} are missing from the rotated set"
