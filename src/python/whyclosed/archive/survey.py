"""Lists the captures of an archive, and finds when each begins."""

from concurrent.futures import ThreadPoolExecutor
from typing import Literal
from zoneinfo import ZoneInfo

from whyclosed.archive import header, names
from whyclosed.archive.planning import Capture
from whyclosed.archive.store import Object, Store

#: Objects whose beginnings are read at the same time: an object store answers many requests at once, each slowly.
_AT_ONCE = 32


def survey(
    store: Store,
    *,
    template: str | None = None,
    sensor: str | None = None,
    times: Literal["packets", "names"] = "packets",
    zone: str = "UTC",
) -> list[Capture]:
    """Returns the captures of an archive.

    The beginning of each file is read, to see whether it is a capture, and when its first packet was captured. With
    ``times="names"``, times come from the names where they have one, in this time zone, and those files are not opened.

    Args:
        template: the form of paths, see `whyclosed.archive.place`; files of another form are passed over. Without it, the
            folder is the sensor, and files that are no captures are passed over unless they have the extension of one.
        sensor: the name of the sensor, where the archive is that of one. Files directly in the archive have its name.
        times: where the times of first packets come from.
        zone: the time zone of the times in names.
    """
    known = ZoneInfo(zone)

    def examined(found: Object) -> Capture | None:
        place = names.place(found.path, template)
        if place is None:
            return None
        named = names.time(found.path, template, known) if times == "names" else None
        first, is_capture = (named, True) if named is not None else _first(store, found)
        if not (is_capture or template or names.is_called_capture(found.path)):
            return None
        return Capture(found.path, found.size, sensor or place.sensor or store.title, place.set, place.number, first, named is None)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return [capture for capture in pool.map(examined, store.objects()) if capture is not None]


def _first(store: Store, found: Object) -> tuple[int | None, bool]:
    """Returns the time of a file's first packet, and whether it is a capture."""
    time = None
    for length in header.BEGINNINGS:
        try:
            time = header.first_time(store.beginning(found.path, length))
        except header.NotACapture:
            return None, False
        if time is not None or found.size <= length:
            break
    return time, True
