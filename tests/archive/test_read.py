"""`whyclosed.read`: tables as streams, and errors in the program's words."""

import gc
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import polars
import pytest
from cluster import ROOT
from generate import Archive

import whyclosed

FIXTURE = ROOT / "fixtures/invalid_utf8/capture.pcapng"


def test_the_connections_of_a_capture() -> None:
    with whyclosed.read(FIXTURE, sensor="here") as reader:
        rows = reader.read_all().to_pylist()
    assert [(row["sensor"], row["rule"], row["close_code"], row["side"]) for row in rows] == [
        ("here", "invalid_utf8", 1007, "client")
    ]


def test_pandas_polars_and_duckdb_take_the_reader() -> None:
    assert whyclosed.read([FIXTURE]).read_pandas()["rule"].tolist() == ["invalid_utf8"]
    frame = polars.from_arrow(whyclosed.read([FIXTURE]))
    assert isinstance(frame, polars.DataFrame) and frame["rule"].to_list() == ["invalid_utf8"]
    reader = whyclosed.read([FIXTURE])  # DuckDB finds it by its name.
    assert duckdb.connect().execute("SELECT rule FROM reader").fetchall() == [("invalid_utf8",)]
    del reader


def test_keys_decrypt() -> None:
    folder = ROOT / "fixtures/wss_closed_by_application"
    rows = whyclosed.read(folder / "capture.pcapng", keylog=folder / "keys.log").read_all().to_pylist()
    assert [row["close_code"] for row in rows] == [4401]


def test_options_of_the_program_pass() -> None:
    reader = whyclosed.read(FIXTURE, arguments=["--rule", "idle_timeout"])
    assert reader.read_all().num_rows == 0


def test_an_error_has_the_words_of_the_program(tmp_path: Path) -> None:
    with pytest.raises(whyclosed.WhyclosedError, match="missing.pcap.*No such file") as raised:
        whyclosed.read(tmp_path / "missing.pcap").read_all()
    assert raised.value.code == 2
    with pytest.raises(whyclosed.WhyclosedError, match="--no-such-option"):
        whyclosed.read(FIXTURE, arguments=["--no-such-option"])


def test_a_damaged_capture_is_an_error_behind_what_could_be_read(archive: Archive) -> None:
    with pytest.raises(whyclosed.WhyclosedError, match="live_00022.*not a pcap"):
        whyclosed.read(archive.folder / "oslo").read_all()
    with pytest.warns(whyclosed.CaptureWarning, match="live_00022.*not a pcap"):
        assert whyclosed.read(archive.folder / "oslo", merge=True, tolerant=True).read_all().num_rows > 200


def test_the_table_of_files(archive: Archive) -> None:
    with pytest.warns(whyclosed.CaptureWarning):
        files = whyclosed.read(archive.folder / "oslo", table="files", tolerant=True).read_all().to_pylist()
    assert len(files) == 66
    assert [row["path"] for row in files if row["error"]] == [str(archive.no_capture)]


def test_a_reader_that_is_closed_or_forgotten_ends_the_program(archive: Archive) -> None:
    for close in (lambda reader: reader.close(), lambda reader: None):
        reader = whyclosed.read(archive.folder / "london")
        assert reader.read_next_batch().num_rows > 0
        assert _programs() == 1
        close(reader)
        del reader
        gc.collect()
        assert _programs() == 0


def _programs() -> int:
    """Returns the number of programs that this process has started, and that are there still."""
    listed = subprocess.run(["ps", "-o", "comm=", "--ppid", str(os.getpid())], capture_output=True, text=True)
    return listed.stdout.split().count("whyclosed")


def test_the_module_is_the_program() -> None:
    ran = subprocess.run([sys.executable, "-m", "whyclosed", "-q", FIXTURE], capture_output=True, text=True, check=True)
    assert "1007" in ran.stdout
    assert subprocess.run([sys.executable, "-m", "whyclosed", "/nowhere"], capture_output=True).returncode == 2
