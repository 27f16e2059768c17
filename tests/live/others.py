"""Non-WebSocket connections that are opened before a capture begins, and continue while it runs.

    others.py HOST          prints "open" and the ports, continues after a line on standard input, and prints "done"

HTTP with keep-alive, a file download, TLS, random bytes, and messages in the formats of MQTT, Redis and PostgreSQL.
"""
import asyncio
import os
import random
import ssl
import struct
import subprocess
import sys
import tempfile


def certificate(folder):
    """Creates a self-signed certificate for this run."""
    key, cert = os.path.join(folder, "key.pem"), os.path.join(folder, "cert.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost", "-keyout", key, "-out", cert],
        check=True, capture_output=True)
    return cert, key


def text(value):
    return struct.pack(">H", len(value)) + value


def mqtt(kind, body):
    assert len(body) < 128
    return bytes([kind, len(body)]) + body


def postgres(kind, body):
    return kind + struct.pack(">I", len(body) + 4) + body


def rounds():
    """Yields protocols by name, each with its list of requests and responses."""
    noise = random.Random(7)
    page = b"<html>" + b"x" * 700 + b"</html>"
    yield "http", [(
        b"GET /page HTTP/1.1\r\nHost: localhost\r\nUser-Agent: test\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(page) + page)]
    yield "download", [(b"GET /file HTTP/1.1\r\n\r\n" if n == 0 else b"\n", noise.randbytes(200_000)) for n in range(4)]
    yield "random", [(noise.randbytes(noise.randrange(1, 3000)), noise.randbytes(noise.randrange(1, 3000))) for _ in range(200)]
    yield "mqtt", [
        (mqtt(0x30, text(b"sensors/1/temperature") + b"21.%d" % n), mqtt(0x30, text(b"sensors/2/humidity") + b"%d" % n))
        for n in range(40)] + [(mqtt(0xC0, b""), mqtt(0xD0, b""))]
    yield "redis", [
        (b"*3\r\n$3\r\nSET\r\n$5\r\nkey%02d\r\n$5\r\nhello\r\n" % n, b"+OK\r\n") for n in range(40)] + [
        (b"*2\r\n$3\r\nGET\r\n$5\r\nkey01\r\n", b"$5\r\nhello\r\n")] * 20
    row = postgres(b"D", struct.pack(">H", 2) + struct.pack(">I", 2) + b"42" + struct.pack(">I", 5) + b"alice")
    yield "postgres", [
        (postgres(b"Q", b"SELECT id, name FROM users WHERE id = %d\0" % n), row * 5 + postgres(b"C", b"SELECT 5\0") + postgres(b"Z", b"I"))
        for n in range(40)]


async def answering(rounds, reader, writer):
    """Serves a list of rounds, endlessly."""
    try:
        while True:
            for question, answer in rounds:
                await reader.readexactly(len(question))
                writer.write(answer)
                await writer.drain()
    except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
        writer.close()


async def asking(rounds, reader, writer):
    for question, answer in rounds:
        writer.write(question)
        await reader.readexactly(len(answer))


async def main(host):
    with tempfile.TemporaryDirectory() as folder:
        cert, key = certificate(folder)
        server_side, client_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        server_side.load_cert_chain(cert, key)
        client_side.check_hostname, client_side.verify_mode = False, ssl.CERT_NONE
    talks, ports = [], []
    for name, talk in [*rounds(), ("tls", [(b"question", b"answer " * 100)] * 50)]:
        tls = name == "tls"
        server = await asyncio.start_server(
            lambda reader, writer, talk=talk: answering(talk, reader, writer), host, 0, ssl=server_side if tls else None)
        ports.append(server.sockets[0].getsockname()[1])
        streams = await asyncio.open_connection(host, ports[-1], ssl=client_side if tls else None)
        await asking(talk, *streams)
        talks.append((talk, streams))
    print("open", *ports, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    for talk, streams in talks:
        await asking(talk, *streams)
        streams[1].close()
    print("done", flush=True)


asyncio.run(main(sys.argv[1]))
