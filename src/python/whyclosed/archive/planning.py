"""Divides the captures of an archive into work items.

    files of a sensor   │ 1 │ 2 │ 3 │ 4 │ 5 │ 6 │ 7 │ 8 │ 9 │
    item 1               own own own own halo
    item 2                            lead own own own own halo

An item *owns* its files: what begins in them, it reports. It reads on into the files behind them, the halo, so that most
connections end within one item. It reads the file before its own, too, because files of a rotated set may overlap a little.
All this reads and decides by time alone, and no item needs another.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

_SECOND = 10**9

#: The most rotated sets of a sensor that began before an item: it reads a file of each. Where there are more, such as in a
#: folder of captures with arbitrary names, the sensor is not divided any further.
_SETS = 8


@dataclass(frozen=True)
class Capture:
    """A capture file of an archive."""

    #: Its path below the archive.
    path: str
    size: int
    sensor: str
    #: What is common to the names of its rotated set.
    set: str
    #: Its number in the set; `None` if its name has none.
    number: int | None
    #: The time of its first packet in nanoseconds since 1970; `None` if it has none, or is no capture.
    first: int | None
    #: False if that time is the one in its name, which may be later than its first packets.
    is_exact: bool = True


@dataclass(frozen=True)
class Hole:
    """Files that are missing from the numbers of a rotated set."""

    set: str
    #: The first and the last number that are missing.
    numbers: tuple[int, int]


@dataclass(frozen=True)
class Item:
    """A piece of work: consecutive captures of one sensor."""

    sensor: str
    #: The paths below the archive that are read, in order.
    files: tuple[str, ...]
    #: Those of them whose connections and whose rows in the table of files are this item's.
    own: tuple[str, ...]
    #: The span that it owns, in nanoseconds since 1970; `None` is open.
    owns: tuple[int | None, int | None]
    #: The holes before its own files.
    holes: tuple[Hole, ...]
    #: The bytes of its own files, and of all that it reads.
    own_bytes: int
    bytes: int


def plan(
    captures: Iterable[Capture], *, item_bytes: int = 1 << 30, item_seconds: float | None = 3600, halo: float = 60
) -> list[Item]:
    """Divides captures into work items: those of each sensor by themselves, in the order of their times.

    An item ends with the file with which it reaches ``item_bytes`` or ``item_seconds``, `None` for no such limit. ``halo``
    are the seconds that it reads on for what it owns; whole files are read, so it is rather longer.
    """
    ordered = sorted(captures, key=lambda capture: capture.sensor)
    longest = None if item_seconds is None else int(item_seconds * _SECOND)
    items: list[Item] = []
    for sensor, of_sensor in groupby(ordered, key=lambda capture: capture.sensor):
        files = in_order(of_sensor)
        items.extend(_items(sensor, files, list(_cuts(files, item_bytes, longest)), int(halo * _SECOND)))
    return items


@dataclass(frozen=True, order=True)
class Timed:
    """A capture with the time by which it is ordered."""

    time: int
    set: str
    number: int
    path: str
    capture: Capture = field(compare=False)


def in_order(captures: Iterable[Capture]) -> list[Timed]:
    """Sorts the captures of a sensor by time. One without a time has that of the one before it in its set."""
    by_set = sorted(captures, key=lambda capture: capture.set)
    timed: list[Timed] = []
    for _, group in groupby(by_set, key=lambda capture: capture.set):
        # Numbers begin anew when a ring is full, so they order only what has no time.
        members = sorted(group, key=lambda one: (-1 if one.number is None else one.number, one.path))
        time = next((one.first for one in members if one.first is not None), 0)
        for one in members:
            time = time if one.first is None else one.first
            timed.append(Timed(time, one.set, -1 if one.number is None else one.number, one.path, one))
    return sorted(timed)


def holes(files: Iterable[Timed]) -> dict[str, Hole]:
    """Finds the numbers that are missing from the sets of a sensor, by the path of the file behind each hole.

    A number that begins anew is another run of the program, and no hole.
    """
    last: dict[str, int] = {}
    found: dict[str, Hole] = {}
    for one in files:
        before = last.get(one.set, one.number)
        if one.number > before + 1 and before >= 0:
            found[one.path] = Hole(one.set, (before + 1, one.number - 1))
        last[one.set] = one.number
    return found


def _cuts(files: Sequence[Timed], item_bytes: int, longest: int | None) -> Iterator[int]:
    """Yields the index of the first file of each item but the first."""
    size, begun, latest = 0, files[0].time, files[0].time
    sets: set[str] = set()
    for at, one in enumerate(files):
        is_full = size >= item_bytes or (longest is not None and latest - begun >= longest)
        # An item begins with a packet that is later than those with which the files before it begin.
        if at > 0 and is_full and one.time > latest and len(sets) <= _SETS:
            yield at
            size, begun = 0, one.time
        size += one.capture.size
        latest = max(latest, one.time)
        sets.add(one.set)


def _items(sensor: str, files: Sequence[Timed], cuts: Sequence[int], halo: int) -> Iterator[Item]:
    missing = holes(files)
    # The last file of each set before the item that begins with a packet.
    last_of_set: dict[str, Timed] = {}
    for begin, end in zip([0, *cuts], [*cuts, len(files)]):
        own = files[begin:end]
        until = files[end].time if end < len(files) else None
        behind = [] if until is None else list(_halo(files, end, until + halo))
        read = [*sorted(last_of_set.values()), *own, *behind]
        yield Item(
            sensor=sensor,
            files=tuple(one.path for one in read),
            own=tuple(one.path for one in own),
            owns=(own[0].time if begin > 0 else None, until),
            holes=tuple(missing[one.path] for one in own if one.path in missing),
            own_bytes=sum(one.capture.size for one in own),
            bytes=sum(one.capture.size for one in read),
        )
        last_of_set.update({one.set: one for one in own if one.capture.first is not None})


def _halo(files: Sequence[Timed], end: int, until: int) -> Iterator[Timed]:
    """Yields the files from the index ``end`` on that may hold packets before the time ``until``."""
    is_first = True
    for at in range(end, len(files)):
        one = files[at]
        # A time in a name may be later than the first packets, so the next file is read in any case.
        if one.time >= until and (one.capture.is_exact or not is_first):
            return
        yield one
        is_first = False
