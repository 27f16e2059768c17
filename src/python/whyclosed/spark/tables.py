"""The tables as Spark sees them. The program writes only types that Spark has."""

import struct
from functools import lru_cache
from typing import IO

import pyarrow as pa

from whyclosed.read import Table, options
from whyclosed.running import run

#: A pcap file without packets: its header alone.
_NO_PACKETS = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1)


@lru_cache
def schema(table: Table) -> pa.Schema:
    """Returns the schema of a table, for which the program is asked: its table of columns is the only one."""

    def feed(pipe: IO[bytes]) -> None:
        pipe.write(_NO_PACKETS)

    with run([*options(table=table), "-"], feed=feed) as reader:
        for _ in reader:
            pass
        return reader.schema.remove_metadata()


def beside_files(table: Table) -> pa.Schema:
    """Returns the schema of a table and that of files in one: rows of the first are in ``row``, of the second in ``file``."""
    return pa.schema([("row", pa.struct(list(schema(table)))), ("file", pa.struct(list(schema("files"))))])


def as_rows(batch: pa.RecordBatch, name: str, both: pa.Schema) -> pa.RecordBatch:
    """Returns the rows of a batch as structs in the column ``name``; the other one is null."""
    columns = [
        pa.StructArray.from_arrays(batch.columns, fields=list(field.type))
        if field.name == name
        else pa.nulls(len(batch), field.type)
        for field in both
    ]
    return pa.RecordBatch.from_arrays(columns, schema=both)


def rows(records: list[dict[str, object]], of: pa.Schema) -> pa.RecordBatch:
    """Returns a batch of records. What they leave out is null, or nothing: 0 or an empty list."""
    columns = []
    for field in of:
        nothing: object = None if field.nullable else [] if pa.types.is_list(field.type) else 0
        columns.append(pa.array([record.get(field.name, nothing) for record in records], field.type))
    return pa.RecordBatch.from_arrays(columns, schema=of)
