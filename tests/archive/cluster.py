"""A Spark of several executors on this machine, each in a process of its own."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from pyspark.sql import SparkSession

ROOT = Path(__file__).parents[2]


def start(executors: int, folder: Path, program: Path, settings: Mapping[str, str] | None = None) -> SparkSession:
    """Starts a Spark whose executors of one core run this program, with more settings. They write into the folder."""
    os.environ |= {
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_HOSTNAME": "localhost",
        "SPARK_WORKER_DIR": str(folder / "workers"),
        "SPARK_LOCAL_DIRS": str(folder / "blocks"),
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src/python"), os.environ.get("PYTHONPATH", "")]),
    }
    builder = (
        SparkSession.builder.master(f"local-cluster[{executors},1,1024]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "4")
        .config("spark.executorEnv.WHYCLOSED_PROGRAM", str(program))
        .config("spark.executorEnv.PYTHONPATH", os.environ["PYTHONPATH"])
    )
    for name, value in (settings or {}).items():
        builder = builder.config(name, value)
    return builder.getOrCreate()
