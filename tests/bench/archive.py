#!/usr/bin/env python3
"""Measures Spark over an archive against the program alone on the same bytes, and prints Markdown tables:

    cargo build --release --features arrow && cargo bench --bench throughput -- --generate-only chat
    export PYTHONPATH=src/python:tests/archive
    target/peers/venv/bin/python tests/bench/archive.py target/bench/chat.pcap

Two sensors have a rotated set each, of several times the capture, whose connections go on from file to file. Spark takes
seconds for any archive, so that a small one and a large one are read: the cost of a gigabyte is what the larger one takes
longer. Everything is generated in a temporary folder (TMPDIR), and removed. The last table is arithmetic from the others.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cluster
import numpy
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from whyclosed.spark import command
from whyclosed.spark.options import Options
from whyclosed.spark.stages import tables_of

SENSORS = ("berlin", "oslo")
#: How often a sensor has the capture in the small archive, and in the large one.
REPEATS = (2, 10)
FILES_OF_EACH = 4
#: The seconds from the end of the capture to its beginning again.
PAUSE = 1
#: The capture begins at midnight. Rules look an hour into the day before and the day after: at noon there is neither.
NOON = 12 * 3600
GIGABYTE = 10**9
SMALL_ITEMS = 256 << 20
HALO = 60


def generate(capture: Path, folder: Path, repeats: int) -> int:
    """Writes an archive: the packets of a pcap again and again, later each time, in files of about as many packets each.

    Returns its bytes. The second sensor has those of the first one, under other names.
    """
    data = numpy.fromfile(capture, dtype=numpy.uint8)
    header, records = data[:24].tobytes(), list(_records(data))
    begins = numpy.array(records)
    at = begins[:, None] + numpy.arange(4)
    seconds = numpy.ascontiguousarray(data[at]).view("<u4").ravel()
    span = int(seconds[-1] - seconds[0]) + PAUSE
    cuts = [int(begins[len(begins) * part // FILES_OF_EACH]) for part in range(FILES_OF_EACH)] + [len(data)]
    number = 0
    for repeat in range(repeats):
        data[at] = (seconds + numpy.uint32(NOON + repeat * span)).astype("<u4").view(numpy.uint8).reshape(-1, 4)
        for begin, end in zip(cuts, cuts[1:]):
            number += 1
            first, *others = (folder / sensor / f"ring_{number:05}.pcap" for sensor in SENSORS)
            for path in (first, *others):
                path.parent.mkdir(parents=True, exist_ok=True)
            first.write_bytes(header + data[begin:end].tobytes())
            for other in others:
                os.link(first, other)
    return sum(path.stat().st_size for path in folder.rglob("*.pcap"))


def _records(data: "numpy.ndarray[Any, Any]") -> Iterator[int]:
    """Yields where each record of a pcap begins."""
    plain = data.tobytes()
    at = 24
    while at + 16 <= len(plain):
        yield at
        at += 16 + int.from_bytes(plain[at + 8 : at + 12], "little")


def timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


@dataclass
class Bench:
    """An archive, and where its tables are written."""

    program: Path
    archive: Path
    output: Path
    bytes: int

    def alone(self, threads: int) -> float:
        """Runs the program over one sensor after the other."""
        self._clear()
        self.output.mkdir()

        def work() -> None:
            for sensor in SENSORS:
                arguments = ["--no-config", "--threads", str(threads), "--merge", "--sensor", sensor]
                output = ["--format", "parquet", "-o", str(self.output / f"{sensor}.parquet")]
                run = [str(self.program), *arguments, *output, str(self.archive / sensor)]
                subprocess.run(run, check=True, stderr=subprocess.DEVNULL)

        return timed(work)

    def spark(self, session: SparkSession, *options: str) -> float:
        """Runs the command `whyclosed-spark` in a session."""
        self._clear()
        return timed(lambda: command.write(session, [str(self.archive), str(self.output), *options]))

    def first_stage(self, session: SparkSession, halo: int = HALO) -> float:
        """Runs what stands before the shuffle."""
        tables = tables_of(session, str(self.archive), halo=halo)
        taken = timed(tables.read.count)
        tables.forget()
        return taken

    def planning(self) -> float:
        return timed(Options.of({"path": str(self.archive), "table": "members"}).items)

    def rows(self) -> int:
        """Returns the connections that were written."""
        folder = self.output / "connections"
        files = (folder if folder.exists() else self.output).rglob("*.parquet")
        return sum(pq.read_metadata(path).num_rows for path in files)

    def _clear(self) -> None:
        shutil.rmtree(self.output, ignore_errors=True)


@dataclass
class Measured:
    """What something takes for the small archive, and for the large one."""

    small: float
    large: float

    def of_gigabyte(self, benches: Sequence[Bench]) -> float:
        """Returns the seconds that each gigabyte more takes."""
        small, large = benches
        return (self.large - self.small) / (large.bytes - small.bytes) * GIGABYTE


def started(executors: int, folder: Path, program: Path) -> SparkSession:
    """Starts Spark, and waits until its Python workers run."""
    session = cluster.start(executors, folder, program)
    session.sparkContext.setLogLevel("ERROR")
    session.sparkContext.parallelize(range(8), 8).map(lambda number: number + 1).count()
    return session


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    print()
    for row in (heads, ["---"] * len(heads), *rows):
        print("|", " | ".join(row), "|")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("capture", type=Path, help="a pcap of the throughput bench")
    parser.add_argument("--program", type=Path, default=cluster.ROOT / "target/release/whyclosed", help="(%(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="of which the median is shown (%(default)s)")
    given = parser.parse_args()
    program = given.program.absolute()
    os.environ["WHYCLOSED_PROGRAM"] = str(program)  # The driver asks it for the columns of tables.
    with tempfile.TemporaryDirectory(prefix="whyclosed-bench-") as made:
        folder = Path(made)
        benches = []
        for repeats in REPEATS:
            archive = folder / f"archive-{repeats}"
            size = generate(given.capture, archive, repeats)
            benches.append(Bench(program, archive, folder / "output", size))
        measure(benches, folder, given.runs)


def measure(benches: Sequence[Bench], folder: Path, runs: int) -> None:
    rows: list[Sequence[str]] = []

    def add(what: str, work: Callable[[Bench], float], *, has_rows: bool = True) -> Measured:
        seconds, counts = [], []
        for bench in benches:
            seconds.append(statistics.median(work(bench) for _ in range(runs)))
            counts.append(str(bench.rows()) if has_rows else "")
        found = Measured(*seconds)
        print(f"{found}  {what}", file=sys.stderr, flush=True)
        cost = found.of_gigabyte(benches)
        rows.append([what, *(f"{one:.2f}" for one in seconds), f"{cost:.2f}", f"{1000 / cost:.0f}", counts[-1]])
        return found

    costs: dict[str, float] = {}
    add("program, 1 thread", lambda bench: bench.alone(1))
    add("program, 2 threads", lambda bench: bench.alone(2))
    costs["plan"] = add("planning", Bench.planning, has_rows=False).of_gigabyte(benches)
    for executors in (1, 2):
        begun = time.perf_counter()
        session = started(executors, folder, benches[0].program)
        print(f"{time.perf_counter() - begun:.1f} s  start of Spark", file=sys.stderr)
        try:
            for bench in benches:
                bench.spark(session)  # The first jobs of a session are slower.
            name = f"Spark, {executors} executor{'s' if executors > 1 else ''}"
            whole = add(name, lambda bench: bench.spark(session))
            if executors == 1:
                small = ("--item-bytes", str(SMALL_ITEMS))
                add(f"{name}, items of 256 MiB", lambda bench: bench.spark(session, *small))
                first = add(f"{name}, first stage", lambda bench: bench.first_stage(session), has_rows=False)
                bare = add(
                    f"{name}, first stage without halo", lambda bench: bench.first_stage(session, halo=0), has_rows=False
                )
                costs["read"], of_first = bare.of_gigabyte(benches), first.of_gigabyte(benches)
                costs["halo"], costs["stitch"] = of_first - costs["read"], whole.of_gigabyte(benches) - of_first
        finally:
            session.stop()
    sizes = [f"{bench.bytes / GIGABYTE:.2f} GB" for bench in benches]
    print(f"{len(SENSORS)} sensors, items of 1 GiB unless said otherwise; medians of {runs}")
    table(["seconds", *sizes, "for each GB more", "MB/s", "connections"], rows)
    names = {
        "plan": "planning, on the driver",
        "read": "reading and analysing, by a core",
        "halo": f"halo of {HALO} s, by a core",
        "stitch": "shuffle, joining, judging together, Parquet, by a core",
    }
    table(["cost of a gigabyte", "s"], [[names[name], f"{seconds:.3f}"] for name, seconds in costs.items()])
    arithmetic(costs)


def arithmetic(costs: dict[str, float]) -> None:
    """Multiplies the costs of a gigabyte. A real cluster has networks and stores that are not in them."""
    by_core = costs["read"] + costs["halo"] + costs["stitch"]
    rows = []
    for name, gigabytes in (("1 TB", 1e3), ("100 TB", 1e5), ("1 PB", 1e6)):
        seconds = gigabytes * by_core
        on = [duration(seconds / cores) for cores in (16, 256, 4096)]
        rows.append([name, duration(gigabytes * costs["plan"]), f"{seconds / 3600:,.0f}", *on])
    table(["arithmetic", "planning", "core hours", "16 cores", "256 cores", "4096 cores"], rows)


def duration(seconds: float) -> str:
    """Returns seconds in a unit that suits them."""
    name, length = next((unit for unit in (("h", 3600), ("min", 60)) if seconds >= 2 * unit[1]), ("s", 1))
    return f"{seconds / length:,.0f} {name}"


if __name__ == "__main__":
    main()
