"""The archive that the tests read, the program that reads it, and a Spark of two workers."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from generate import Archive, generate
from pyspark.sql import SparkSession

from whyclosed import program

ROOT = Path(__file__).parents[2]

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
    os.environ |= {
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_HOSTNAME": "localhost",
        "SPARK_WORKER_DIR": str(tmp_path_factory.mktemp("workers")),
        "SPARK_LOCAL_DIRS": str(tmp_path_factory.mktemp("blocks")),
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src/python"), os.environ.get("PYTHONPATH", "")]),
    }
    session = (
        SparkSession.builder.master("local-cluster[2,1,1024]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "4")
        .config("spark.executorEnv.WHYCLOSED_PROGRAM", str(killing / "whyclosed"))
        .config("spark.executorEnv.PYTHONPATH", os.environ["PYTHONPATH"])
        .config("spark.sql.session.timeZone", "Asia/Bangkok")  # Times must not depend on it.
        .getOrCreate()
    )
    yield session
    session.stop()
