"""The options of the data source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from whyclosed import archive
from whyclosed.read import Table

#: The options, each with its meaning.
OPTIONS = {
    "table": "connections (default), files, or members, of which whyclosed.spark.tables_of makes connections; "
    "connections+files or members+files for both from one reading, as structs",
    "template": "the form of paths: {sensor}/{name}_{number}_{time}.pcapng; the sensor is the folder by default",
    "sensor": "the name of the sensor, where the archive is that of one",
    "times": "packets (default) or names: where the times come from at which files begin",
    "zone": "the time zone of the times in names (UTC)",
    "keylog": "TLS keys: a path that every worker has, or a URI",
    "itemBytes": "the bytes of a work item (1 GiB)",
    "itemSeconds": "the seconds of a work item (3600)",
    "halo": "the seconds that a work item reads on for its connections (60)",
    "threads": "the threads of each program; as many as spark.task.cpus (1)",
}

_TABLES = ("connections", "files", "members", "connections+files", "members+files")


@dataclass(frozen=True)
class Options:
    """The options of one read."""

    path: str
    table: Table
    #: Whether the table of files comes beside another one.
    with_files: bool
    template: str | None
    sensor: str | None
    times: Literal["packets", "names"]
    zone: str
    keylog: str | None
    item_bytes: int
    item_seconds: float | None
    halo: float
    threads: int

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "Options":
        """Reads the options; their names have no case.

        Raises:
            ValueError: if one is missing, unknown or wrong.
        """
        known = {name.lower(): name for name in [*OPTIONS, "path"]}
        named = {known.get(name.lower(), name): value for name, value in given.items()}
        if unknown := sorted(set(named) - set(known.values())):
            raise ValueError(f"unknown option {', '.join(unknown)}; there are {', '.join(OPTIONS)}")
        if "path" not in named:
            raise ValueError("load() wants one path or URI: that of the archive")
        table, _, beside = _one_of("table", named.get("table", "connections"), _TABLES).partition("+")
        # Connections are whole only where the captures of a sensor stay together.
        whole = table == "connections"
        limits = [name for name in ("itemBytes", "itemSeconds", "halo") if name in named]
        if whole and limits:
            raise ValueError(
                f"{limits[0]} would cut connections in two: whyclosed.spark.tables_of joins them again, "
                "and this source reads all captures of a sensor as one"
            )
        times = _one_of("times", named.get("times", "packets"), ("packets", "names"))
        return cls(
            path=named["path"],
            table=cast(Table, table),
            with_files=beside == "files",
            template=named.get("template"),
            sensor=named.get("sensor"),
            times=cast(Literal["packets", "names"], times),
            zone=named.get("zone", "UTC"),
            keylog=named.get("keylog"),
            item_bytes=1 << 62 if whole else int(named.get("itemBytes", 1 << 30)),
            item_seconds=None if whole else float(named.get("itemSeconds", 3600)),
            halo=float(named.get("halo", 60)),
            threads=int(named.get("threads", 1)),
        )

    def items(self) -> list[archive.Item]:
        """Plans the work, the largest items first, so that none is left over while the other cores have nothing to do."""
        captures = archive.survey(
            archive.Store(self.path), template=self.template, sensor=self.sensor, times=self.times, zone=self.zone
        )
        items = archive.plan(captures, item_bytes=self.item_bytes, item_seconds=self.item_seconds, halo=self.halo)
        return sorted(items, key=lambda item: -item.bytes)


def _one_of(name: str, value: str, values: Sequence[str]) -> str:
    if value not in values:
        raise ValueError(f"{name} is {' or '.join(values)}, and not {value!r}")
    return value
