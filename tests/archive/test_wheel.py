"""The wheel in an empty environment."""

import os
import subprocess
import venv
import zipfile
from pathlib import Path

import pytest
from cluster import ROOT

FIXTURE = ROOT / "fixtures/invalid_utf8/capture.pcapng"


@pytest.fixture(scope="module")
def wheel() -> Path:
    """Returns the wheel that `.ci/run` has built, newest first."""
    built = sorted((ROOT / "target/wheels").glob("whyclosed-*.whl"), key=os.path.getmtime)
    if not built:
        if os.environ.get("TEST_TOOLS") == "required":
            pytest.fail("there is no wheel in target/wheels")
        pytest.skip("no wheel: maturin build --locked --out target/wheels")
    return built[-1]


def test_it_runs_from_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv/bin/python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", wheel], check=True)
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "WHYCLOSED_PROGRAM")}
    report = subprocess.run(
        [python, "-m", "whyclosed", FIXTURE], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    assert "The server closed the connection with 1007" in report
    code = f"import whyclosed; print(whyclosed.read({str(FIXTURE)!r}).read_all()['rule'].to_pylist())"
    read = subprocess.run([python, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert read.stdout == "['invalid_utf8']\n"


def test_it_carries_the_program_the_types_and_the_licences(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for name in ("whyclosed/py.typed", ".data/scripts/whyclosed", "licenses/LICENSE-MIT", "licenses/LICENSE-APACHE"):
        assert any(one.endswith(name) for one in names), (name, names)
    metadata = next(one for one in names if one.endswith("METADATA"))
    text = zipfile.ZipFile(wheel).read(metadata).decode()
    assert "License-Expression: MIT OR Apache-2.0" in text and "Requires-Dist: pyarrow" in text
