"""An archive of three sensors in 200 rotated files, in which connections go on from file to file.

    python3 tests/archive/generate.py FOLDER

Its bytes are always the same. Each minute is a file; the scenes stand at the ends of minutes, so that they lie in several.
"""

import gzip
import random
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from wire import PING, PONG, SECOND, TEXT, Conversation, Wire

#: 2026-03-01T10:00:00Z.
START = int(datetime(2026, 3, 1, 10, tzinfo=timezone.utc).timestamp()) * SECOND
MINUTE = 60 * SECOND
FILES = {"berlin": 67, "london": 67, "oslo": 66}

RAW_IP = 101


@dataclass
class Archive:
    """What was generated."""

    folder: Path
    #: The files of each sensor that hold packets, in order.
    files: dict[str, list[Path]] = field(default_factory=dict)
    #: A file that was there when it was captured, and is not any more.
    lost: Path | None = None
    truncated: Path | None = None
    no_capture: Path | None = None


class Scene:
    """The connections of one sensor."""

    def __init__(self, seed: int, minutes: int) -> None:
        self.wire = Wire(random.Random(seed))
        self.random = self.wire.random
        self.network = seed
        self.clients = 0
        self.minutes = minutes

    def conversation(self, server: int, client: str | None = None, **options: bool) -> Conversation:
        self.clients += 1
        address = client or f"10.{self.network}.{self.clients >> 8}.{self.clients & 255}"
        port = 32_768 + self.clients % 28_000
        return Conversation(self.wire, (address, port), (f"192.0.2.{server}", 8080), **options)

    def chat(self, conversation: Conversation, begin: int, end: int, pause: int = 7 * SECOND) -> int:
        """Opens a connection, and has both sides say something now and then."""
        time, side = conversation.open(begin), 0
        while time + pause < end:
            time = conversation.say(time + pause, side, f"message {time % 997} of a chat that goes on")
            side = 1 - side
        return time


def everyday(scene: Scene) -> None:
    """Short connections all the time, some of which end badly."""
    ends: list[Callable[[Conversation, int], int]] = [
        lambda one, time: one.close(time, 0, 1000),
        lambda one, time: one.close(time, 1, 4401, "token expired"),
        lambda one, time: one.close(time, 1, 1011),
        lambda one, time: one.close(one.frame(time, 0, TEXT, b"caf\xe9 au lait"), 1, 1007),
        lambda one, time: one.reset(time, 0),
        lambda one, time: one.close(time, 1, 1008, "policy", answered=False),
    ]
    for minute in range(scene.minutes):
        for _ in range(4):
            begin = START + minute * MINUTE + scene.random.randrange(MINUTE)
            lives = scene.random.choice([2, 9, 25]) * SECOND
            one = scene.conversation(scene.random.randrange(1, 4))
            scene.random.choice(ends)(one, scene.chat(one, begin, begin + lives, 2 * SECOND) + SECOND // 2)


def spanning(scene: Scene) -> None:
    """Connections that lie in two, three and ten files, and in all of them."""
    for first, files, code in ((5, 2, 1000), (12, 3, 4001), (20, 10, 1011), (31, 10, 1007), (1, scene.minutes - 2, 1001)):
        one = scene.conversation(4, compressed=files == 10)
        begin = START + first * MINUTE - 5 * SECOND
        time = scene.chat(one, begin, begin + (files - 1) * MINUTE - 20 * SECOND, 11 * SECOND)
        if code == 1007:
            time = one.frame(time + SECOND, 0, TEXT, b"\xff\xfe") if one.deflate is None else one.frame(time + SECOND, 0, TEXT, b"\xc3\x28")
        one.close(time + SECOND, 1, code)


def cut_message(scene: Scene) -> None:
    """A frame whose first half is in one file and whose second half is in the next."""
    edge = START + 9 * MINUTE
    one = scene.conversation(4)
    time = scene.chat(one, edge - 30 * SECOND, edge - 10 * SECOND)
    frame = one.encoded(0, TEXT, b"half of this message comes after midnight " * 20)
    one.data(edge - SECOND // 2, 0, frame[:400])
    one.close(one.data(edge + SECOND // 2, 0, frame[400:]) + SECOND, 0, 1000)


def restart(scene: Scene) -> None:
    """A server that goes away at the end of a file, with connections that were opened in six files before it."""
    edge = START + 25 * MINUTE
    for at in range(12):
        one = scene.conversation(5)
        scene.chat(one, edge - (6 * MINUTE - at * 29 * SECOND), edge - 9 * SECOND, 13 * SECOND)
        one.close(edge - SECOND + at * SECOND // 6, 1, 1012)


def crash(scene: Scene) -> None:
    """A server that ends all connections without a Close frame, half of them in one file and half in the next."""
    edge = START + 45 * MINUTE
    for at in range(8):
        one = scene.conversation(6)
        scene.chat(one, edge - 3 * MINUTE + at * 7 * SECOND, edge - 9 * SECOND, 17 * SECOND)
        one.finish(edge - SECOND // 25 + at * SECOND // 100, 1)


def storm(scene: Scene) -> None:
    """A client that comes back two seconds after each end, from one file into the next."""
    time = START + 40 * MINUTE - 12 * SECOND
    for _ in range(9):
        one = scene.conversation(7, client="10.99.0.1")
        time = one.finish(one.say(one.open(time), 0, "hello again") + SECOND, 1) + 2 * SECOND


def proxy(scene: Scene) -> None:
    """Both legs of a connection through a proxy that cuts them after a minute of silence, in the next file."""
    edge = START + 50 * MINUTE
    front, back = scene.conversation(8), scene.conversation(9, client="192.0.2.8")
    back.key = front.key
    begin = edge - 30 * SECOND
    front.open(begin)
    back.open(begin + 1_000)
    front.say(begin + SECOND, 0, "to the proxy")
    back.say(begin + SECOND + 500, 0, "to the proxy")
    front.finish(begin + 61 * SECOND, 1)
    back.finish(begin + 61 * SECOND + 100, 0)


def silence(scene: Scene) -> None:
    """A ping in one file that nobody answers until the server gives up in the next, and a long silence before a reset."""
    edge = START + 55 * MINUTE
    one = scene.conversation(10)
    time = scene.chat(one, edge - 40 * SECOND, edge - 10 * SECOND)
    one.frame(time + SECOND, 1, PONG, b"")
    one.frame(edge - 5 * SECOND, 1, PING, b"alive?")
    one.close(edge + 15 * SECOND, 1, 1011, "keepalive ping timeout", answered=False)
    quiet = scene.conversation(10)
    time = quiet.say(quiet.open(START + 3 * MINUTE), 0, "and then nothing for half an hour")
    quiet.reset(time + 30 * MINUTE, 1)


def at_the_edges(scene: Scene) -> None:
    """Connections that began before the first file, or are still open at the end of the last."""
    early = scene.conversation(11)
    early.open(START - MINUTE)
    time = early.say(START + SECOND, 0, "the capture begins in the middle")
    time = early.say(time + SECOND, 1, "of this conversation, which goes on")
    early.close(early.say(time + 70 * SECOND, 0, "for another file"), 1, 1000)
    scene.chat(scene.conversation(11), START + (scene.minutes - 3) * MINUTE, START + scene.minutes * MINUTE)


SCENES = (everyday, spanning, cut_message, restart, crash, storm, proxy, silence, at_the_edges)


def pcap(packets: list[tuple[int, bytes]]) -> bytes:
    """Returns packets as pcap, as tcpdump writes it."""
    records = (struct.pack("<IIII", time // SECOND, time % SECOND, len(data), len(data)) + data for time, data in packets)
    return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, RAW_IP) + b"".join(records)


def pcapng(packets: list[tuple[int, bytes]]) -> bytes:
    """Returns packets as pcapng, as dumpcap writes it."""

    def block(kind: int, body: bytes) -> bytes:
        body += bytes(-len(body) % 4)
        length = struct.pack("<I", 12 + len(body))
        return struct.pack("<I", kind) + length + body + length

    section = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    interface = block(1, struct.pack("<HHI", RAW_IP, 0, 262_144))
    enhanced = (
        block(6, struct.pack("<IIIII", 0, time >> 32, time & 0xFFFFFFFF, len(data), len(data)) + data)
        for time, data in packets
    )
    return section + interface + b"".join(enhanced)


def named(sensor: str, minute: int) -> str:
    """Returns the name of a file as the program of that sensor gives it."""
    began = datetime.fromtimestamp(START // SECOND + minute * 60, timezone.utc)
    return {
        "berlin": f"berlin/ring_{minute + 1:05}_{began:%Y%m%d%H%M%S}.pcapng",
        "london": f"london/trace_{began:%Y-%m-%d_%H%M}.pcap",
        "oslo": f"oslo/live_{minute + 1:05}.pcapng.gz",
    }[sensor]


def generate(folder: Path, damaged: bool = True) -> Archive:
    """Writes the archive. With ``damaged``, a file is missing, one is cut off, and one is no capture."""
    archive = Archive(folder)
    for seed, (sensor, minutes) in enumerate(FILES.items(), 1):
        scene = Scene(seed, minutes)
        for play in SCENES:
            play(scene)
        of_minutes: list[list[tuple[int, bytes]]] = [[] for _ in range(minutes)]
        for time, packet in sorted(scene.wire.packets, key=lambda one: one[0]):
            if 0 <= (minute := (time - START) // MINUTE) < minutes:
                of_minutes[minute].append((time, packet))
        (folder / sensor).mkdir(parents=True, exist_ok=True)
        for minute, packets in enumerate(of_minutes):
            path = folder / named(sensor, minute)
            written = pcap(packets) if path.suffix == ".pcap" else pcapng(packets)
            path.write_bytes(gzip.compress(written, 1, mtime=0) if path.suffix == ".gz" else written)
            archive.files.setdefault(sensor, []).append(path)
    if damaged:
        _damage(archive)
    return archive


def _damage(archive: Archive) -> None:
    archive.lost = archive.files["berlin"].pop(14)
    archive.lost.unlink()
    archive.truncated = archive.files["london"][33]
    archive.truncated.write_bytes(archive.truncated.read_bytes()[:-29])
    archive.no_capture = archive.files["oslo"][21]
    archive.no_capture.write_bytes(b"This was a capture, until somebody saved a text over it.\n")


if __name__ == "__main__":
    made = generate(Path(sys.argv[1]))
    print(sum(map(len, made.files.values())), "files")
