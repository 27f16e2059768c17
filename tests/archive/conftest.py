"""The archive that the tests read, the program that reads it, and a Spark of two workers."""

import stat
from collections.abc import Iterator
from pathlib import Path

import cluster
import pytest
from generate import Archive, generate
from pyspark.sql import SparkSession

from whyclosed import program

#: Runs the program. Once, if there is a folder `kill`, it is removed, and the executor of Spark that runs this is killed after
#: a part of the output: the program's parent is a Python worker, whose parent is a daemon, whose parent is the executor.
#: Spark runs it on the driver, too, to plan: nothing else than an executor is ever killed.
_KILLING = """#!/bin/sh
daemon=$(ps -o ppid= -p $PPID | tr -d ' ')
executor=$(ps -o ppid= -p "$daemon" | tr -d ' ')
if ps -o args= -p "$executor" | grep -q CoarseGrainedExecutorBackend && rmdir {folder}/kill 2>/dev/null; then
    {program} "$@" | head -c 3000
    echo "$executor" > {folder}/killed
    kill -9 "$executor"
fi
exec {program} "$@"
"""


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Returns the generated archive, with its lost and its damaged files."""
    return generate(tmp_path_factory.mktemp("archive"))


@pytest.fixture(scope="session")
def killing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the folder in which a folder `kill` makes the program kill the worker that runs it."""
    folder = tmp_path_factory.mktemp("killing")
    script = folder / "whyclosed"
    script.write_text(_KILLING.format(folder=folder, program=program.find()))
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return folder


@pytest.fixture(scope="session")
def spark(killing: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """Returns a Spark with two workers of one core each, in processes of their own."""
    # Times must not depend on the time zone.
    settings = {"spark.sql.session.timeZone": "Asia/Bangkok"}
    session = cluster.start(2, tmp_path_factory.mktemp("spark"), killing / "whyclosed", settings)
    yield session
    session.stop()
