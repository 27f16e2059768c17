#!/usr/bin/env python3
"""Writes fuzz/corpus/: small inputs for every target, made from the fixtures. The same output on every machine."""

import random
import shutil
import struct
from pathlib import Path

HERE = Path(__file__).parent
FIXTURES = HERE.parent / "fixtures"
CORPUS = HERE / "corpus"
# Longer inputs are cut to this length.
MOST = 4096


def write(target, name, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data[:MOST])


def fixture(name):
    return next((FIXTURES / name).glob("capture.pcap*")).read_bytes()


def packets(pcapng):
    """Returns the link type and the packets of a pcapng file with one section."""
    order = "<" if pcapng[8:12] == b"\x4d\x3c\x2b\x1a" else ">"
    at, link, found = 0, 1, []
    while at + 12 <= len(pcapng):
        kind, length = struct.unpack_from(order + "II", pcapng, at)
        if kind == 1:
            link = struct.unpack_from(order + "H", pcapng, at + 8)[0]
        if kind == 6:
            kept = struct.unpack_from(order + "I", pcapng, at + 20)[0]
            found.append(pcapng[at + 28 : at + 28 + kept])
        at += length
    return link, found


def payload(packet):
    """Returns whether the source port of an Ethernet + IPv4 packet is the lower one, and its TCP payload."""
    ip = packet[14:]
    tcp = ip[(ip[0] & 15) * 4 : struct.unpack_from(">H", ip, 2)[0]]
    source, destination = struct.unpack_from(">HH", tcp)
    return source < destination, tcp[(tcp[12] >> 4) * 4 :]


def streams(name):
    """Returns the bytes sent by each side, by whether it is the server, and the segments in capture order."""
    said, segments = {False: b"", True: b""}, []
    for packet in packets(fixture(name))[1]:
        if packet[12:14] == b"\x08\x00" and packet[23] == 6:
            from_server, data = payload(packet)
            said[from_server] += data
            segments.append((from_server, data))
    return said, segments


WHOLE = ["invalid_utf8", "close_answered_late", "late_start_deflate", "proxy_protocol_v2", "snaplen_96", "handshake_refused_401"]
LINKS = ["sll2", "vlan", "invalid_utf8", "proxy_protocol_v1", "big_endian_pcapng", "duplicated_any"]
# Indexes of link types in `LINK_TYPES` of `fuzz/src/packets.rs`.
PLACES = {0: 0, 1: 1, 101: 6, 113: 10, 228: 13, 276: 17}

REQUEST = (
    b"GET /chat?token=hunter2secret HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nCookie: id=a1b2c3d4\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: chat, v2\r\n\r\n"
)
ANSWER = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)
REFUSAL = b'HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n12\r\n{"password": "x1"}\r\n0\r\n\r\n'
CONNECT = b"CONNECT a:80 HTTP/1.1\r\n\r\n" + REQUEST


def main():
    shutil.rmtree(CORPUS, ignore_errors=True)
    numbers = random.Random(6455)
    for name in WHOLE:
        for target in ("capture", "slice"):
            write(target, name, fixture(name))
        write("pcapng", name, b"\0" + fixture(name))
    for name in ("big_endian", "nanosecond"):
        write("capture", name, fixture(name))
        write("pcap", name, b"\0" + fixture(name))
    records = b"".join(bytes([kind, 20]) + bytes(range(20)) for kind in (0, 1, 16, 255))
    for choice in (1, 3, 5, 0x81):
        write("pcap", f"records_{choice}", bytes([choice]) + records)
    interface = b"\1\x10" + struct.pack("<HHI", 1, 0, 0) + struct.pack("<HHB3xI", 9, 1, 9, 0)
    enhanced = b"\6\x18" + struct.pack("<IIIII4s", 0, 1, 2, 4, 4, b"data")
    write("pcapng", "blocks", b"\1" + interface + enhanced + b"\3\x08\4\0\0\0data" + b"\5\x0c" + bytes(12) + b"\4\4" + bytes(4))
    for name in ("gzip", "zstd", "lz4"):
        write("compressed", name, b"\0" + fixture(name))
        write("capture", name, fixture(name))
    for choice in (1, 3, 5, 7):
        write("compressed", f"packed_{choice}", bytes([choice, 200]) + fixture("big_endian")[:600])
    for name in LINKS:
        link, found = packets(fixture(name))
        body = b"".join(struct.pack("<H", len(packet) & 0x7FF) + packet[:0x7FF] for packet in found)
        write("packets", name, bytes([PLACES.get(link, 1)]) + body)
    for name in ("invalid_utf8", "deflate_context", "fragmented_control_frame", "close_inside_message"):
        said, _ = streams(name)
        for from_server in (False, True):
            frames = said[from_server].partition(b"\r\n\r\n")[2]
            choice = int(from_server) | (2 if "deflate" in name else 0)
            write("frames", f"{name}_{int(from_server)}", bytes([choice, 7]) + frames[:1024])
    for at, (client, server) in enumerate([(REQUEST, ANSWER), (REQUEST, REFUSAL), (CONNECT, b"HTTP/1.1 200 OK\r\n\r\n" + ANSWER)]):
        write("http", f"exchange_{at}", b"\3" + client + b"\0" + server)
    for at, line in enumerate((HERE.parent / "tests/suite/corpus/secrets.txt").read_text().splitlines()[:40]):
        write("http", f"secret_{at:02}", b"\x10" + line.encode())
    for name in ("tls_failed", "tls_alone", "tls_left_unused"):
        _, segments = streams(name)
        body = b"".join(bytes([int(side), len(data[:255])]) + data[:255] for side, data in segments if data)
        write("tls", name, b"\5" + body + b"\0\0")
    write("tls", "keys", b"\0CLIENT_RANDOM " + b"ab" * 32 + b" " + b"cd" * 48)
    write("catalog", "template", (HERE.parent / "src/cli/commands/codes_template.toml").read_bytes())
    write("catalog", "one", b'[evidence]\npaths = ["/chat*"]\n[[code]]\ncode = 4242\nname = "Own"\nmeaning = "It {code} is over."\n')
    for at in range(24):
        write("conversation", f"{at:02}", numbers.randbytes(40 + 20 * at))
    secrets = [b"password=hunter2secret", b'{"token":"a1B2c3D4e5F6g7H8"}', b"Authorization: Bearer abcdef123456", b"mail@example.com"]
    for at in range(24):
        noise = numbers.randbytes(400)
        write("redact", f"{at:02}", noise[:20] + secrets[at % len(secrets)] + noise[20 : 60 + 10 * at])


main()
