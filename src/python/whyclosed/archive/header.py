"""The time of a capture's first packet, from the beginning of the file."""

import struct
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pyarrow as pa

#: As much of a file as is read to find its first packet; the second where the first holds none, because a block of zstd or
#: lz4, or what stands before the packets of pcapng, is longer.
BEGINNINGS = (64 * 1024, 8 << 20)

#: The bytes of a compressed beginning that are looked at.
_PLAIN = 1 << 20

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

#: The first bytes of pcap, and the fractions of a second that its packets count.
_PCAP = {
    b"\xd4\xc3\xb2\xa1": ("<", 10**6),
    b"\xa1\xb2\xc3\xd4": (">", 10**6),
    b"\x4d\x3c\xb2\xa1": ("<", 10**9),
    b"\xa1\xb2\x3c\x4d": (">", 10**9),
}

_SECTION = b"\x0a\x0d\x0d\x0a"
_INTERFACE, _PACKET, _ENHANCED = 1, 2, 6
_RESOLUTION, _OFFSET = 9, 14


class NotACapture(ValueError):
    """The bytes are the beginning of neither pcap nor pcapng."""


def first_time(beginning: bytes) -> int | None:
    """Returns the time of the first packet, in nanoseconds since 1970.

    `None` says that the bytes hold none: the capture is empty, or its first packet lies behind them.

    Raises:
        NotACapture: if they are no capture, compressed or not.
    """
    plain = _decompressed(beginning)
    if plain is None:
        return None
    if found := _PCAP.get(plain[:4]):
        order, fraction = found
        if len(plain) < 40:
            return None
        seconds, parts = struct.unpack_from(order + "II", plain, 24)
        return int(seconds) * 10**9 + int(parts) * (10**9 // fraction)
    if plain[:4] == _SECTION:
        return _first_of_blocks(plain)
    raise NotACapture("neither pcap nor pcapng")


def moment(nanoseconds: int) -> datetime:
    """Returns a time in nanoseconds since 1970 as a moment, down to the microsecond before it."""
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000)


def _first_of_blocks(data: bytes) -> int | None:
    order, interfaces = "<", list[tuple[int, int]]()
    for kind, body, order in _blocks(data):
        if kind == _SECTION:
            interfaces = []
        elif kind == _INTERFACE:
            interfaces.append(_clock(body, order))
        elif kind in (_ENHANCED, _PACKET) and len(body) >= 20:
            # The obsolete packet block has an interface of 16 bits, and drops behind it.
            index: int = struct.unpack_from(order + ("I" if kind == _ENHANCED else "H"), body)[0]
            high, low = struct.unpack_from(order + "II", body, 4)
            if index < len(interfaces):
                ticks, offset = interfaces[index]
                return (int(high) << 32 | int(low)) * 10**9 // ticks + offset * 10**9
    return None


def _blocks(data: bytes) -> Iterator[tuple[int | bytes, bytes, str]]:
    """Yields the type, the body and the byte order of each whole block; the type of a section is its bytes."""
    order, at = "<", 0
    while len(data) >= at + 12:
        is_section = data[at : at + 4] == _SECTION
        if is_section:
            order = "<" if data[at + 8 : at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
        kind, length = struct.unpack_from(order + "II", data, at)
        if length < 12 or len(data) < at + min(length, 32):
            return
        yield (_SECTION if is_section else kind), data[at + 8 : at + length - 4], order
        at += length + -length % 4


def _clock(body: bytes, order: str) -> tuple[int, int]:
    """Returns the ticks per second of an interface, and the seconds that are added to its times."""
    ticks, offset, at = 10**6, 0, 8
    while len(body) >= at + 4:
        code, length = struct.unpack_from(order + "HH", body, at)
        value = body[at + 4 : at + 4 + length]
        if code == _RESOLUTION and len(value) == 1:
            ticks = 1 << (value[0] & 0x7F) if value[0] & 0x80 else int(10 ** value[0])
        elif code == _OFFSET and len(value) == 8:
            offset = struct.unpack(order + "q", value)[0]
        elif code == 0:
            break
        at += 4 + length + -length % 4
    return ticks, offset


def _decompressed(data: bytes) -> bytes | None:
    """Returns the plain beginning; `None` if not even the first block is whole."""
    if data[:2] == b"\x1f\x8b":
        try:
            return zlib.decompressobj(wbits=31).decompress(data, _PLAIN) or None
        except zlib.error as error:
            raise NotACapture(str(error)) from error
    for mark, codec in ((b"\x28\xb5\x2f\xfd", "zstd"), (b"\x04\x22\x4d\x18", "lz4")):
        if data[:4] == mark:
            return _opened(data, codec) or None
    return data


def _opened(data: bytes, codec: str) -> bytes:
    """Decompresses as much of the beginning as it holds."""
    plain = b""
    with pa.CompressedInputStream(pa.BufferReader(data), codec) as stream:
        while len(plain) < _PLAIN:
            try:
                more = stream.read(1024)
            except OSError:  # The rest of the last block lies behind the beginning.
                break
            if not more:
                break
            plain += more
    return plain
