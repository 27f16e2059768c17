"""WebSocket conversations as packets, for archives that tests generate."""

import base64
import hashlib
import random
import struct
import zlib
from dataclasses import dataclass, field

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10

#: Microseconds in a second, the unit of all times here.
SECOND = 1_000_000

#: The time that a packet takes from one side to the other and its acknowledgement back.
_TRIP = 200


@dataclass
class Wire:
    """What one sensor sees: packets with their times."""

    random: random.Random
    packets: list[tuple[int, bytes]] = field(default_factory=list)

    def send(self, time: int, packet: bytes) -> None:
        self.packets.append((time, packet))


class Conversation:
    """One TCP connection with a WebSocket in it. Every method sends at a time, and returns the time when it is over."""

    def __init__(self, wire: Wire, client: tuple[str, int], server: tuple[str, int], compressed: bool = False) -> None:
        self.wire = wire
        self.ends = (client, server)
        self.next = [wire.random.getrandbits(32), wire.random.getrandbits(32)]
        self.key = base64.b64encode(wire.random.randbytes(16)).decode()
        # Each side compresses with a window that lasts as long as the connection.
        deflate = [zlib.compressobj(wbits=-15) for _ in range(2)]
        self.deflate = deflate if compressed else None

    def connect(self, time: int) -> int:
        for side, flags in ((0, SYN), (1, SYN | ACK), (0, ACK)):
            self._segment(time, side, flags)
            self.next[side] += flags & SYN != 0
            time += _TRIP
        return time

    def upgrade(self, time: int, path: str = "/chat", status: int = 101) -> int:
        client, server = self.ends
        extension = "Sec-WebSocket-Extensions: permessage-deflate\r\n" if self.deflate else ""
        time = self.data(
            time,
            0,
            f"GET {path} HTTP/1.1\r\nHost: {server[0]}:{server[1]}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {self.key}\r\nSec-WebSocket-Version: 13\r\n{extension}\r\n".encode(),
        )
        if status != 101:
            return self.data(time, 1, f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode())
        digest = hashlib.sha1(f"{self.key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
        accept = base64.b64encode(digest).decode()
        head = f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        return self.data(time, 1, f"{head}Sec-WebSocket-Accept: {accept}\r\n{extension}\r\n".encode())

    def open(self, time: int, **options: object) -> int:
        return self.upgrade(self.connect(time), **options)  # type: ignore[arg-type]

    def say(self, time: int, side: int, text: str) -> int:
        payload = text.encode()
        if self.deflate is None:
            return self.frame(time, side, TEXT, payload)
        squeezed = self.deflate[side].compress(payload) + self.deflate[side].flush(zlib.Z_SYNC_FLUSH)
        return self.frame(time, side, TEXT | 0x40, squeezed[:-4])

    def frame(self, time: int, side: int, opcode: int, payload: bytes) -> int:
        return self.data(time, side, self.encoded(side, opcode, payload))

    def encoded(self, side: int, opcode: int, payload: bytes) -> bytes:
        length, mask = len(payload), 0x80 if side == 0 else 0
        head = bytes([0x80 | opcode, mask | min(length, 126)]) + (struct.pack(">H", length) if length > 125 else b"")
        if not mask:
            return head + payload
        key = self.wire.random.randbytes(4)
        return head + key + bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))

    def close(self, time: int, side: int, code: int, reason: str = "", answered: bool = True) -> int:
        """Closes from one side: both Close frames, then FIN and FIN."""
        payload = struct.pack(">H", code) + reason.encode()
        time = self.frame(time, side, CLOSE, payload)
        if answered:
            time = self.frame(time, 1 - side, CLOSE, payload[:2])
        return self.finish(time, 1)

    def finish(self, time: int, side: int) -> int:
        """Ends TCP from one side, and then from the other."""
        for end in (side, 1 - side):
            self._segment(time, end, FIN | ACK)
            self.next[end] += 1
            self._segment(time + _TRIP // 2, 1 - end, ACK)
            time += _TRIP
        return time

    def reset(self, time: int, side: int) -> int:
        self._segment(time, side, RST | ACK)
        return time + _TRIP

    def data(self, time: int, side: int, payload: bytes) -> int:
        self._segment(time, side, PSH | ACK, payload)
        self.next[side] += len(payload)
        self._segment(time + _TRIP // 2, 1 - side, ACK)
        return time + _TRIP

    def _segment(self, time: int, side: int, flags: int, payload: bytes = b"") -> None:
        (source, port), (target, target_port) = self.ends[side], self.ends[1 - side]
        sequence = self.next[side] & 0xFFFFFFFF
        acknowledged = self.next[1 - side] & 0xFFFFFFFF if flags & ACK else 0
        tcp = struct.pack(">HHIIBBHHH", port, target_port, sequence, acknowledged, 5 << 4, flags, 64_000, 0, 0)
        addresses = bytes(int(part) for address in (source, target) for part in address.split("."))
        length = 20 + len(tcp) + len(payload)
        self.wire.send(
            time, struct.pack(">BBHHHBBH", 0x45, 0, length, 0, 0x4000, 64, 6, 0) + addresses + tcp + payload
        )
