"""The names of captures in an archive: which sensor a file belongs to, which rotated set, and where in it."""

import re
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import lru_cache
from pathlib import PurePosixPath

#: The forms of names that capture programs give to the files of a rotated set, as in src/capture/rotated.rs.
_FORMS = [
    re.compile(form)
    for form in (
        r"_(?P<number>[0-9]{5})_(?P<time>[0-9]{14})(?:\.[^.]*)?$",
        r"_(?P<time>[0-9]{14})_(?P<number>[0-9]{5})(?:\.[^.]*)?$",
        r"_(?P<number>[0-9]{5})(?:\.[^.]*)?$",
        r"(?:^|[^0-9])(?P<time>(?:19|20)[0-9]{2}[-_.]?(?:0[1-9]|1[0-2])[-_.]?(?:0[1-9]|[12][0-9]|3[01])"
        r"(?:[-_.T]?(?:[01][0-9]|2[0-3])(?:[-_.:]?[0-5][0-9]){0,2})?)(?:$|[^0-9])",
        r"(?:^|[^0-9])(?P<time>[12][0-9]{9})(?:$|[^0-9])",
        r"\.(?:cap|dmp|pcap|pcapng)(?P<number>[0-9]+)$",
    )
]

#: The dates in names, by their digits. Another ten digits are seconds since 1970.
_DATES = {"%Y%m%d%H%M%S": 14, "%Y%m%d%H%M": 12, "%Y%m%d%H": 10, "%Y%m%d": 8}

_COMPRESSED = {".gz", ".zst", ".lz4"}

_CALLED_CAPTURE = re.compile(r"\.(?:cap|dmp|ntar|pcap|pcapng|snoop)[0-9]*(?:\.(?:bz2|gz|lz4|xz|zip|zst))?$", re.IGNORECASE)

#: What the fields of a template stand for. That of ``name`` is lazy, so that the parts behind it are found.
_FIELDS = {
    "sensor": "(?P<sensor>[^/]+)",
    "name": "(?P<name>[^/]+?)",
    "number": "(?P<number>[0-9]+)",
    "time": "(?P<time>[0-9][0-9TtZz:._+-]*)",
    "*": "[^/]*",
    "**": ".*",
}


@dataclass(frozen=True, order=True)
class Place:
    """The place of a file in an archive, as its path shows it."""

    sensor: str
    #: What is common to the files of a rotated set: the folder, and the name without number and time.
    set: str
    #: The running number; `None` if the name has none.
    number: int | None = None


@lru_cache
def _compiled(template: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[a-z]+\}|\*\*|\*)", template)
    pattern, seen = "", set()
    for part in parts:
        field = part.strip("{}")
        if part.startswith("{") and field not in _FIELDS:
            raise ValueError(f"{part} in the template {template!r} is none of {{sensor}}, {{name}}, {{number}}, {{time}}")
        if not (part.startswith("{") or part in ("*", "**")):
            pattern += re.escape(part)
        elif field in seen:
            # The same sensor twice, as in {sensor}/{sensor}_{number}.pcap, has to be the same text.
            pattern += f"(?P={field})"
        else:
            pattern += _FIELDS[field]
            if part.startswith("{"):
                seen.add(field)
    return re.compile(pattern)


def place(path: str, template: str | None = None) -> Place | None:
    """Returns the place of a file with this path below the archive.

    A template says what the parts of a path are: ``{sensor}/{name}_{number}_{time}.pcapng``; ``*`` stands for anything
    within a name, ``**`` for folders, too. `None` says that the path does not fit it. Without a template, the sensor is the
    folder, and number and time are found in names as tcpdump, dumpcap and Wireshark write them.

    Raises:
        ValueError: if the template has an unknown field.
    """
    if template is not None:
        found = _compiled(template).fullmatch(path)
        if found is None:
            return None
        return Place(_field(found, "sensor") or "", _without(path, found), _number(found))
    folder = str(PurePosixPath(path).parent)
    sensor = "" if folder == "." else folder
    name, found = _rotated(path)
    if found is None:
        return Place(sensor, path)
    return Place(sensor, f"{folder}/{_without(name, found)}", _number(found))


def time(path: str, template: str | None, zone: tzinfo) -> int | None:
    """Returns the time in a name, in nanoseconds since 1970; `None` if it has none. A date is in this time zone."""
    found = _rotated(path)[1] if template is None else _compiled(template).fullmatch(path)
    text = _field(found, "time") if found else None
    if not text:
        return None
    # An offset from UTC, as in 10:00:00+0100, is that of the zone.
    digits = re.sub("[^0-9]", "", text.partition("+")[0])
    for form, length in _DATES.items():
        if len(digits) == length:
            try:
                return int(datetime.strptime(digits, form).replace(tzinfo=zone).timestamp()) * 10**9
            except ValueError:
                break
    return int(digits) * 10**9 if len(digits) == 10 else None


def _rotated(path: str) -> tuple[str, re.Match[str] | None]:
    """Returns the name of a file without what compression adds, and how it fits one of the forms."""
    name = path.rpartition("/")[2]
    for ending in _COMPRESSED:
        name = name.removesuffix(ending)
    return name, next((found for form in _FORMS if (found := form.search(name))), None)


def is_called_capture(path: str) -> bool:
    """Returns whether a file has the extension of a capture, perhaps followed by a number or a compression's."""
    return _CALLED_CAPTURE.search(path) is not None


def _field(found: re.Match[str], name: str) -> str | None:
    return found.groupdict().get(name)


def _number(found: re.Match[str]) -> int | None:
    digits = _field(found, "number")
    return int(digits) if digits else None


def _without(text: str, found: re.Match[str]) -> str:
    """Returns the text with the parts in which the files of a set differ replaced by ``*``."""
    spans = sorted(found.span(name) for name in ("number", "time") if _field(found, name) is not None)
    common, begin = "", 0
    for start, end in spans:
        common, begin = common + text[begin:start] + "*", end
    return common + text[begin:]
