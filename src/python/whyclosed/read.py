"""Reads captures into Arrow."""

import os
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from typing import Literal, TypeAlias

import pyarrow as pa

from whyclosed.running import run

#: A table of the program's output: a row for each connection, for each capture file, or for each connection and part of
#: one with everything that `whyclosed fleet` needs.
Table: TypeAlias = Literal["connections", "files", "members"]

Path: TypeAlias = str | os.PathLike[str]

#: The beginning and the end of a span, half-open; `None` is open.
Span: TypeAlias = tuple[datetime | None, datetime | None]


def read(
    paths: Path | Iterable[Path],
    *,
    keylog: Path | Iterable[Path] | None = None,
    sensor: str | None = None,
    owns: Span | None = None,
    table: Table = "connections",
    merge: bool = False,
    tolerant: bool = False,
    arguments: Sequence[str] = (),
) -> pa.RecordBatchReader:
    """Analyses captures and returns a table as a stream of record batches.

    Batches come while the program runs, so a table may be larger than memory. pandas (``.read_pandas()``), polars
    (``polars.from_arrow``) and DuckDB (which finds a reader by the name of its variable) take the reader as it is.

    Args:
        paths: captures, or folders of them, as on the command line; rotated sets are read as one capture.
        keylog: TLS keys, in files as programs write them to ``$SSLKEYLOGFILE``.
        sensor: the name that every row has as its ``sensor``.
        owns: reports only the connections whose first packet lies in this span, and what is met in its middle; the
            captures may go on beyond its end. A time without a zone is in UTC.
        table: the table to return.
        merge: reads all captures as one, by time.
        tolerant: makes captures that cannot be read, or only in part, a `CaptureWarning` instead of an error.
        arguments: more options of the program, such as ``["--rule", "idle_timeout"]``.

    Raises:
        WhyclosedError: with the program's own words. What is wrong with a capture may be known only at its end; then the
            reader raises it after its last batch.
    """
    return run(
        [
            *options(keylog=keylog, sensor=sensor, owns=owns, table=table),
            *(["--merge"] if merge else []),
            *arguments,
            "--",
            *(os.fspath(path) for path in _several(paths)),
        ],
        tolerant=tolerant,
    )


def options(
    *,
    keylog: Path | Iterable[Path] | None = None,
    sensor: str | None = None,
    owns: Span | None = None,
    table: Table = "connections",
    beside: tuple[Table, Path] | None = None,
) -> list[str]:
    """Returns the program's options for an Arrow stream of this table, and for one of another table in a file beside it."""
    # The stream must not depend on the configuration of whoever runs it.
    found = ["--no-config", "--format", "arrow"]
    if table != "connections":
        found.append(f"--{table}")
    if beside is not None:
        found.append(f"--{beside[0]}={os.fspath(beside[1])}")
    for path in _several(keylog if keylog is not None else ()):
        found.extend(["--keylog", os.fspath(path)])
    if sensor is not None:
        found.extend(["--sensor", sensor])
    if owns is not None:
        found.extend(["--owns", "..".join(map(_instant, owns))])
    return found


def _several(paths: Path | Iterable[Path]) -> Iterable[Path]:
    return [paths] if isinstance(paths, str | os.PathLike) else paths


def _instant(time: datetime | None) -> str:
    if time is None:
        return ""
    return (time if time.tzinfo else time.replace(tzinfo=timezone.utc)).isoformat()
