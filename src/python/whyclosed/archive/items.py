"""Does the work of one item."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

import pyarrow as pa

from whyclosed.archive import feeding, header
from whyclosed.archive.planning import Item
from whyclosed.archive.store import Store, copy
from whyclosed.read import Span, Table, options
from whyclosed.running import run


@contextmanager
def read(
    store: Store,
    item: Item,
    *,
    table: Table = "connections",
    beside: tuple[Table, Path] | None = None,
    keylog: str | None = None,
    arguments: Sequence[str] = (),
) -> Iterator[pa.RecordBatchReader]:
    """Analyses the captures of an item, and lends a table of it.

    Captures that are damaged are a `CaptureWarning`, and told in the table of files. ``beside`` is another table, files or
    members, and the path of a file to which it is written as an Arrow stream. ``keylog`` is a path or a URI.

    Raises:
        WhyclosedError: with the program's own words, if it fails otherwise.
        OSError: if the store fails.
    """
    names = [store.name(path) for path in item.files]
    with ExitStack() as stack:
        failures: list[BaseException] = []
        folder: Path | None = None
        if not store.is_local:
            folder, failures = stack.enter_context(feeding.pipes(store, item.files))
        keys = stack.enter_context(near(keylog))
        given = options(keylog=keys, sensor=item.sensor, owns=_span(item), table=table, beside=beside)
        reader = run([*given, "--merge", *arguments, "--", *names], tolerant=True, folder=folder)
        stack.callback(reader.close)
        yield pa.RecordBatchReader.from_batches(reader.schema, _checked(reader, failures))


def _span(item: Item) -> Span | None:
    if item.owns == (None, None):
        return None
    begin, end = (None if time is None else header.moment(time) for time in item.owns)
    return begin, end


def _checked(reader: pa.RecordBatchReader, failures: Sequence[BaseException]) -> Iterator[pa.RecordBatch]:
    """Yields the batches, and raises what the store has failed with."""
    yield from reader
    if failures:
        raise failures[0]


@contextmanager
def near(keylog: str | None) -> Iterator[str | None]:
    """Lends the path of a key log on this machine, where there is a key log. A copy is gone at the end."""
    if keylog is None:
        yield None
        return
    if "://" not in keylog:
        yield str(Path(keylog).absolute())
        return
    with NamedTemporaryFile(prefix="whyclosed-") as file:
        copy(keylog, file)
        file.flush()
        yield file.name
