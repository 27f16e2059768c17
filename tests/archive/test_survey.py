"""What a survey finds in files, beside what the program says of them."""

import gzip
import json
import subprocess
from datetime import datetime, timezone
from pathlib import Path

import pyarrow as pa
import pytest
from cluster import ROOT
from generate import START, Archive, pcap, pcapng

from whyclosed import archive as work
from whyclosed import program
from whyclosed.archive.header import NotACapture, first_time

PACKETS = [(START + 7, b"E" * 40), (START + 9, b"E" * 40)]


def test_first_packets_are_those_of_the_program() -> None:
    """The program says of every fixture when its first packet was captured."""
    fixtures = sorted((ROOT / "fixtures").glob("*/capture.pcap*"))
    compared = 0
    for path in fixtures:
        expected = json.loads((path.parent / "expected.json").read_text()) if (path.parent / "expected.json").exists() else None
        if not expected or len(expected["captures"]) != 1 or (first := expected["captures"][0]["first"]) is None:
            continue
        whole, _, fraction = first.removesuffix("Z").partition(".")
        seconds = int(datetime.fromisoformat(whole).replace(tzinfo=timezone.utc).timestamp())
        assert first_time(path.read_bytes()[: 1 << 16]) == seconds * 10**9 + int(fraction.ljust(9, "0")), path
        compared += 1
    assert compared > 100


@pytest.mark.parametrize("form", [pcap, pcapng])
@pytest.mark.parametrize("codec", [None, "gzip", "zstd", "lz4"])
def test_compressed_captures_begin_at_the_same_time(form, codec: str | None) -> None:  # type: ignore[no-untyped-def]
    data = form(PACKETS * 3000)
    if codec == "gzip":
        data = gzip.compress(data)
    elif codec is not None:
        sink = pa.BufferOutputStream()
        with pa.CompressedOutputStream(sink, codec) as stream:
            stream.write(data)
        data = sink.getvalue().to_pybytes()
    for length in (len(data), 200):
        assert first_time(data[:length]) in ((START + 7) * 1000, None)
    assert first_time(data) == (START + 7) * 1000


def test_what_is_no_capture_is_said_to_be_none() -> None:
    for data in (b"", b"text", b"\x1f\x8btext"):
        with pytest.raises(NotACapture):
            first_time(data)
    for form in (pcap, pcapng):
        whole = form(PACKETS[:1])
        assert first_time(form([])) is None
        # Cut anywhere, there is a time or there is none.
        assert {first_time(whole[:length]) for length in range(4, len(whole) + 1)} <= {None, (START + 7) * 1000}


def test_the_survey_of_the_archive(archive: Archive) -> None:
    (archive.folder / "README").write_text("not called a capture, and none")
    found = work.survey(work.Store(str(archive.folder)))
    assert {one.sensor for one in found} == {"berlin", "london", "oslo"} and len(found) == 199
    assert archive.no_capture is not None
    assert [archive.folder / one.path for one in found if one.first is None] == [archive.no_capture]
    items = work.plan(found, item_bytes=1)
    holes = [hole for item in items for hole in item.holes]
    assert [(hole.set, hole.numbers) for hole in holes] == [("berlin/ring_*_*.pcapng", (15, 15))]


def test_names_and_packets_agree_where_files_begin(archive: Archive) -> None:
    store = work.Store(str(archive.folder / "london"))
    by_packets, by_names = (work.survey(store, sensor="london", times=times) for times in ("packets", "names"))
    for one, other in zip(by_packets, by_names, strict=True):
        assert one.first is not None and other.first is not None
        assert 0 <= one.first - other.first < 60 * 10**9
        assert one.is_exact and not other.is_exact


def test_the_program_merges_a_sensor(archive: Archive) -> None:
    """The planner's order of files is the program's."""
    store = work.Store(str(archive.folder))
    item = next(item for item in work.plan(work.survey(store), item_bytes=1 << 40, item_seconds=None) if item.sensor == "oslo")
    report = subprocess.run(
        [program.find(), "--no-config", "--merge", "--format", "json", str(archive.folder / "oslo")],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False,
    ).stdout  # fmt: skip
    captures = [Path(one["path"]) for one in json.loads(report)["captures"]]
    planned = [archive.folder / path for path in item.files]
    assert [path for path in planned if path != archive.no_capture] == captures
