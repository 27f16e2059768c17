#!/usr/bin/env python3
"""Measures how long Chromium takes to open reports of 1, 50, 11,400 and 100,000 connections.

    cargo build --release && tests/browser/load.py
    tests/browser/load.py --looks FOLDER    also saves each page, pictures of it, and how it is printed

For each page: its size, the time until it is loaded and laid out (the median of five), and that time as a ratio to the page
of 50 connections. Needs chromium; python3 alone otherwise.
"""

import argparse
import base64
import json
import os
import random
import shutil
import statistics
import struct
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SIZES = [1, 50, 11_400, 100_000]
RUNS = 5

# The ends of connections, with their frequencies: a Close frame's code and reason, or another kind of end.
ENDS = [
    ((1000, ""), 40), ((1001, "going away"), 14), ((1011, "unexpected condition"), 12), ((4401, "token expired"), 8),
    ((1013, "try again later"), 5), ((1008, "rate limit exceeded"), 4), ("fin", 5), ("reset", 4), ("latin-1", 2),
    ("403", 3), ("502", 2), ("open", 1),
]
SYN, ACK, FIN, RST = 2, 16, 1, 4


def frame(opcode, payload, masked=False):
    """A frame with FIN and at most 125 bytes of payload."""
    if not masked:
        return bytes([0x80 | opcode, len(payload)]) + payload
    key = b"\x37\xfa\x21\x3d"
    return bytes([0x80 | opcode, 0x80 | len(payload)]) + key + bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))


class Connection:
    """The packets of one connection, with their times in microseconds."""

    def __init__(self, number, start, chance):
        self.ends = [bytes([10, 20 + number // 60_000, number // 250 % 250, number % 250 + 1]), bytes([192, 0, 2, 10 + number % 3])]
        self.ports = [20_000 + number % 40_000, 80]
        self.next, self.time, self.packets, self.chance = [1000, 9000], start, [], chance

    def send(self, side, payload=b"", flags=ACK):
        self.time += self.chance.randrange(200, 40_000)
        header = struct.pack("!HHIIBBHHH", self.ports[side], self.ports[1 - side], self.next[side], self.next[1 - side], 5 << 4, flags, 65535, 0, 0)
        whole = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40 + len(payload), 0, 0, 64, 6, 0, self.ends[side], self.ends[1 - side]) + header + payload
        self.next[side] += len(payload) + (1 if flags & (SYN | FIN) else 0)
        self.packets.append((self.time, whole))

    def run(self, end, token):
        self.send(0, flags=SYN)
        self.send(1, flags=SYN | ACK)
        self.send(0, (f"GET /live/feed?token={token} HTTP/1.1\r\nHost: ws.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n"
                      "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").encode())
        if end in ("403", "502"):
            self.send(1, f"HTTP/1.1 {end} No\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n".encode())
            return self.close(1)
        self.send(1, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
        for _ in range(self.chance.randrange(1, 4)):
            self.send(0, frame(1, b'{"subscribe":"prices"}', masked=True))
            self.send(1, frame(1, b'{"ok":true}'))
        self.time += self.chance.randrange(0, 90_000_000)
        if end == "open":
            return None
        if end == "reset":
            return self.send(1, flags=RST | ACK)
        if end == "fin":
            return self.close(1)
        if end == "latin-1":
            self.send(0, frame(1, '{"name":"José"}'.encode("latin-1"), masked=True))
            end = (1007, "")
        payload = struct.pack("!H", end[0]) + end[1].encode()
        self.send(1, frame(8, payload))
        self.send(0, frame(8, payload[:2], masked=True))
        return self.close(1)

    def close(self, side):
        self.send(side, flags=FIN | ACK)
        self.send(1 - side, flags=FIN | ACK)
        self.send(side)


def capture(path, count):
    """Writes a capture (pcap, raw IP) of this many connections within two hours, more of them in the middle."""
    chance = random.Random(count)
    packets, ends, weights = [], [end for end, _ in ENDS], [weight for _, weight in ENDS]
    for number in range(count):
        start = int(chance.triangular(0, 7_200_000_000)) if count > 1 else 0
        connection = Connection(number, start, chance)
        connection.run(chance.choices(ends, weights)[0] if count > 1 else "latin-1", f"{chance.getrandbits(128):032x}")
        packets += connection.packets
    packets.sort(key=lambda packet: packet[0])
    with open(path, "wb") as out:
        out.write(struct.pack("!IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
        for time, packet in packets:
            seconds, micros = divmod(time, 1_000_000)
            out.write(struct.pack("!IIII", 1_780_000_000 + seconds, micros, len(packet), len(packet)) + packet)


class Browser:
    """Chromium, driven through its DevTools protocol over a pipe: JSON messages, each followed by a zero byte."""

    def __init__(self, profile):
        program = shutil.which("chromium") or shutil.which("google-chrome")
        to_browser, self.output = os.pipe()
        self.input, from_browser = os.pipe()
        command = [program, "--headless", "--hide-scrollbars", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe", f"--user-data-dir={profile}"]

        def descriptors():
            # Out of the way of each other before they get the numbers that the browser expects.
            ends = [os.dup2(to_browser, 13), os.dup2(from_browser, 14)]
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        self.child = subprocess.Popen(command, preexec_fn=descriptors, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.buffer, self.number, self.session = b"", 0, None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")

    def message(self):
        while b"\0" not in self.buffer:
            self.buffer += os.read(self.input, 1 << 20)
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.output, json.dumps(message).encode() + b"\0")
        while (answer := self.message()).get("id") != self.number:
            pass
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def value(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def look(self, width, scheme="light"):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", media="", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def open(self, page):
        """Opens a page. Returns the milliseconds from the start of the navigation to the first frame after everything ran."""
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=page.as_uri())
        return self.value("""new Promise((done) => {
            const drawn = () => requestAnimationFrame(() => setTimeout(() => done(performance.now())));
            document.readyState === 'complete' ? drawn() : addEventListener('load', drawn);
        })""")


def looks(browser, page, folder):
    """Saves pictures of a page at three widths in both colour schemes, and prints it."""
    for width in (1440, 800, 390):
        for scheme in ("light", "dark"):
            browser.look(width, scheme)
            browser.open(page)
            picture = browser.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
            (folder / f"{page.stem}-{width}-{scheme}.png").write_bytes(base64.b64decode(picture["data"]))
    browser.look(1440)
    browser.open(page)
    (folder / f"{page.stem}.pdf").write_bytes(base64.b64decode(browser.call("Page.printToPDF")["data"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", type=Path, default=ROOT / "target/release/whyclosed")
    parser.add_argument("--looks", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder, times = Path(folder), {}
        browser = Browser(folder / "profile")
        for count in SIZES:
            source, page = folder / f"{count}.pcap", (options.looks or folder) / f"{count}.html"
            capture(source, count)
            subprocess.run([options.program, source, "--format", "html", "-o", page], check=True)
            browser.look(1440)
            times[count] = statistics.median(browser.open(page) for _ in range(RUNS))
            size = page.stat().st_size / 1e6
            ratio = f"{times[count] / times[50]:.1f} × that of 50" if 50 in times else ""
            print(f"{count:>7,} connections: {size:6.2f} MB, open in {times[count]:6.0f} ms  {ratio}", flush=True)
            if options.looks:
                looks(browser, page, options.looks)
        browser.child.terminate()
        browser.child.wait()


if __name__ == "__main__":
    main()
