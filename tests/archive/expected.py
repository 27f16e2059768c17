"""The rows that one run of the program over each sensor gives, and how two sets of rows differ."""

import warnings
from collections import Counter
from typing import Any

from generate import Archive

import whyclosed

Row = dict[str, Any]

#: What tells the connections of an archive apart.
KEY = ("sensor", "client_ip", "client_port", "server_ip", "server_port", "opened_ns")

#: The numbers that a report gives to its connections: they depend on what else is in it.
_NUMBERS = {"connection", "tcp_stream", "filter"}

#: Whether the capture shows a connection's beginning and end is known in both, but one run has no word for it.
_OF_ITEMS = {
    "continues_before",
    "continues_after",
    "client_first_seq",
    "client_next_seq",
    "server_first_seq",
    "server_next_seq",
}


def of_one_run(archive: Archive, table: whyclosed.Table = "connections") -> list[Row]:
    """Returns the rows of each sensor, all of whose files are read as one capture."""
    rows: list[Row] = []
    for sensor in archive.files:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", whyclosed.CaptureWarning)
            reader = whyclosed.read(archive.folder / sensor, sensor=sensor, table=table, merge=True, tolerant=True)
            rows += reader.read_all().to_pylist()
    return rows


def plain(value: Any) -> Any:
    """Returns a value without what is a number of the report: filters, and packets of no certain file."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items() if name not in _NUMBERS}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


def assert_same(found: list[Row], expected: list[Row]) -> None:
    """Fails unless the rows are those expected, each exactly once, with the same values in all columns."""
    keys = Counter(tuple(row[name] for name in KEY) for row in found)
    assert keys == Counter(tuple(row[name] for name in KEY) for row in expected)
    by_key = {tuple(row[name] for name in KEY): row for row in expected}
    differences = Counter[str]()
    examples: dict[str, Any] = {}
    for row in found:
        other = by_key[tuple(row[name] for name in KEY)]
        for name in other.keys() - _NUMBERS - _OF_ITEMS:
            if plain(row[name]) != plain(other[name]):
                differences[name] += 1
                examples[name] = (plain(row[name]), plain(other[name]), [row[name] for name in KEY])
    assert not differences, (differences, examples)
