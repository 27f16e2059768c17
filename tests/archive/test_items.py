"""Work items without Spark: what they have seen, put together, is what one run over all files sees."""

import warnings
from pathlib import Path

import expected
import fsspec
import pyarrow as pa
import pytest
from generate import Archive

import whyclosed
from whyclosed import archive as work
from whyclosed.read import options
from whyclosed.running import run


@pytest.fixture(scope="module")
def one_run(archive: Archive) -> list[expected.Row]:
    return expected.of_one_run(archive)


def put_together(store: work.Store, items: list[work.Item], folder: Path) -> list[expected.Row]:
    """Does the work of all items, and returns the connections of each sensor."""
    rows: list[expected.Row] = []
    for sensor in sorted({item.sensor for item in items}):
        path = folder / "members.arrow"
        writer = None
        for item in (item for item in items if item.sensor == sensor):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", whyclosed.CaptureWarning)
                with work.read(store, item, table="members") as reader:
                    for batch in reader:
                        writer = writer or pa.ipc.new_stream(str(path), reader.schema)
                        writer.write_batch(batch)
        assert writer is not None
        writer.close()
        with run(["fleet", *options(), str(path)]) as connections:
            rows += connections.read_all().to_pylist()
    return rows


@pytest.mark.parametrize(("item_seconds", "halo"), [(1, 0), (600, 30), (1800, 900)])
def test_rows_are_those_of_one_run(
    archive: Archive, one_run: list[expected.Row], item_seconds: int, halo: int, tmp_path: Path
) -> None:
    store = work.Store(str(archive.folder))
    items = work.plan(work.survey(store), item_seconds=item_seconds, halo=halo)
    assert len(items) > len(archive.files)
    expected.assert_same(put_together(store, items, tmp_path), one_run)


@pytest.fixture(scope="module")
def store(archive: Archive) -> work.Store:
    """Returns a store of objects that are in no file system, and that Arrow does not know."""
    memory = fsspec.filesystem("memory")
    for path in archive.files["london"]:
        memory.pipe_file(f"/captures/london/{path.name}", path.read_bytes())
    store = work.Store("memory://captures/london")
    assert not store.is_local
    return store


def test_objects_reach_the_program_through_pipes(archive: Archive, store: work.Store, tmp_path: Path) -> None:
    items = work.plan(work.survey(store), item_seconds=900)
    found = put_together(store, items, tmp_path)
    local = work.Store(str(archive.folder / "london"))
    one_run = put_together(local, work.plan(work.survey(local), item_seconds=900), tmp_path)
    for row in found:
        assert row["file"].startswith(store.root)
        row["file"] = row["file"].replace(store.root, local.root)
        row["files"] = [file.replace(store.root, local.root) for file in row["files"]]
    assert [(row["opened_ns"], row["rule"], row["files"]) for row in found] == [
        (row["opened_ns"], row["rule"], row["files"]) for row in one_run
    ]


def test_a_store_that_fails_is_an_error(store: work.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    item = work.plan(work.survey(store), item_seconds=None)[0]
    original = work.Store.chunks

    def failing(self: work.Store, path: str, size: int):  # type: ignore[no-untyped-def]
        yield next(original(self, path, 100))
        if path == item.files[7]:
            raise ConnectionError("the store has gone away")

    monkeypatch.setattr(work.Store, "chunks", failing)
    with pytest.raises(ConnectionError, match="gone away"):
        with work.read(store, item) as reader:
            reader.read_all()
