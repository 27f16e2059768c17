#!/usr/bin/env python3
"""Measures `whyclosed live` on the loopback interface, as root, and prints the figures:

    cargo build --release && sudo tests/bench/live.py

the latency of a line after its packet; the CPU time while idle; the CPU time, memory and drops during a flood.
"""
import datetime
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "target/release/whyclosed"
PEERS = [sys.executable, ROOT / "tests/live/peers.py"]
VENV = ROOT / "target/peers/venv/bin/python"
if VENV.exists():
    PEERS[0] = VENV

FLOOD = 10  # seconds


class Live:
    """A run of the program, and the objects it emits, each with its latency after the packet."""

    def __init__(self, *arguments):
        command = [PROGRAM, "live", "-i", "lo", "--format", "ndjson", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr.readline().startswith("Capturing on")
        self.told = []
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            now, told = time.time(), json.loads(line)
            if "time" in told:
                second, fraction = told["time"].rstrip("Z").split(".")
                then = datetime.datetime.fromisoformat(second + "+00:00").timestamp() + float("0." + fraction)
                told["latency"] = now - then
            self.told.append(told)

    def cpu(self):
        """Returns the CPU time so far, in seconds."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak(self):
        """Returns the peak of resident memory in MiB, including the buffer shared with the kernel."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024

    def report(self):
        self.process.send_signal(signal.SIGINT)
        self.reader.join()
        self.process.wait()
        return self.told[-1]


def server():
    process = subprocess.Popen([*PEERS, "serve", "127.0.0.1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return process, process.stdout.readline().strip()


def latency(*arguments):
    process, port = server()
    live = Live("-p", port, *arguments)
    for _ in range(30):
        subprocess.run([*PEERS, "visit", "127.0.0.1", port], check=True)
    time.sleep(0.5)
    live.report()
    process.stdin.close()
    millis = sorted(told["latency"] * 1000 for told in live.told if told["type"] in ("closed", "refused"))
    print(f"latency of {len(millis)} ends{' ' + ' '.join(arguments) if arguments else ''}: median {statistics.median(millis):.1f} ms, "
          f"99 % within {millis[len(millis) * 99 // 100]:.1f} ms, at most {millis[-1]:.1f} ms")


def idle():
    process, port = server()
    holding = subprocess.Popen([*PEERS, "hold", "127.0.0.1", port], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    live = Live("-p", port)
    holding.stdout.readline()
    time.sleep(1)
    before = live.cpu()
    time.sleep(20)
    print(f"idle for 20 s: {(live.cpu() - before) / 20:.2%} of a processor")
    holding.kill()
    live.report()
    process.stdin.close()


def datagrams(until):
    """Sends small UDP packets without pause."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(("127.0.0.1", 9))
        payload = b"x" * 64
        while time.time() < until:
            for _ in range(256):
                try:
                    sender.send(payload)
                except ConnectionRefusedError:
                    pass


def frames(until):
    """Sends small messages without pause on a WebSocket connection, each in a segment of its own."""
    listener = socket.create_server(("127.0.0.1", 0))
    if os.fork() == 0:
        accepted, _ = listener.accept()
        accepted.recv(4096)
        accepted.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
        while accepted.recv(1 << 20):
            pass
        os._exit(0)
    client = socket.create_connection(listener.getsockname())
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                   b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
    client.recv(4096)
    frame = bytes([0x81, 0x80 | 40, 0, 0, 0, 0]) + b"x" * 40
    while time.time() < until:
        for _ in range(256):
            client.send(frame)
    client.close()


def flood(name, send, senders, *arguments):
    live = Live(*arguments)
    begun, until = time.time(), time.time() + FLOOD
    children = []
    for _ in range(senders):
        child = os.fork()
        if child == 0:
            send(until)
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    took, cpu, peak = time.time() - begun, live.cpu(), live.peak()
    report = live.report()
    capture = report["captures"][0]
    dropped = sum(int(note.split()[0]) for note in capture["notes"] if "dropped while capturing" in note)
    told = [told["text"] for told in live.told if told.get("about") == "drops"]
    print(f"flood of {name}{' ' + ' '.join(arguments) if arguments else ''}: {(capture['packets'] + dropped) / took:,.0f} packets/s for {took:.1f} s, "
          f"{capture['packets']:,} captured, {dropped:,} dropped ({len(told)} notices), peak {peak:.1f} MiB, {cpu / took:.0%} of a processor")
    connections = [told for told in live.told if told["type"] == "connection"]
    for connection in connections[:1]:
        print(f"  its connection: {connection['verdict']['rule']}, {connection['verdict']['confidence']}, {connection['visibility']}")
    for text in told[:1]:
        print(f"  told: {text}")


if os.geteuid() != 0:
    sys.exit("capturing needs root")
latency()
latency("--immediate")
idle()
flood("datagrams", datagrams, 2)
flood("datagrams", datagrams, 2, "--buffer", "1")
flood("WebSocket messages", frames, 1)
