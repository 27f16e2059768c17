"""WebSocket endpoints of Python `websockets` that end connections in every way, each at a path of its own.

    peers.py serve HOST            prints the port, and serves until standard input ends
    peers.py visit HOST PORT       visits every path, one after the other, and exits
    peers.py hold HOST PORT        opens a connection to every path, waits for a line on standard input, then continues

With TLS_CERTIFICATE, a file with a certificate and its key, they speak TLS, and clients append their keys to TLS_KEYS.
"""
import asyncio
import http
import os
import socket
import ssl
import struct
import sys

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed, InvalidStatus

PATHS = ["1000", "1001", "1007", "1008", "1009", "1011", "4401", "rst", "fin", "403"]


CERTIFICATE = os.environ.get("TLS_CERTIFICATE")


def security(side):
    """The TLS context of a side, if there is one."""
    if not CERTIFICATE:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if side == "server" else ssl.PROTOCOL_TLS_CLIENT)
    if side == "server":
        context.load_cert_chain(CERTIFICATE)
    else:
        context.load_verify_locations(CERTIFICATE)
        context.check_hostname = False
        context.keylog_filename = os.environ["TLS_KEYS"]
    return context


async def handler(connection):
    path = connection.request.path.strip("/")
    async for message in connection:
        if message != "go":
            continue
        if path == "1011":
            raise RuntimeError("a fault in the handler")
        if path in ("1000", "1001", "1008", "4401"):
            await connection.close(int(path), f"asked for {path}")
        if path == "fin":
            connection.transport.close()


async def refuse(connection, request):
    if request.path == "/403":
        return connection.respond(http.HTTPStatus.FORBIDDEN, "not for you\n")


async def serving(host):
    async with serve(
        handler, host, 0, process_request=refuse, max_size=1000, ping_interval=None, ssl=security("server")
    ) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def opened(host, port, path):
    try:
        scheme = "wss" if CERTIFICATE else "ws"
        connection = await connect(
            f"{scheme}://{host}:{port}/{path}", ping_interval=None, compression=None, proxy=None, ssl=security("client")
        )
    except InvalidStatus:
        return None
    await connection.send("hello")
    await connection.send("there")
    return connection


async def ended(connection, path):
    """Ends the connection in the way of its path, and waits until it is closed."""
    if connection is None:
        return
    if path == "rst":
        linger = struct.pack("ii", 1, 0)
        connection.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        connection.transport.abort()
        return
    if path == "1007":
        await connection.send(b"caf\xe9", text=True)
    elif path == "1009":
        await connection.send("x" * 2000)
    else:
        await connection.send("go")
    try:
        while True:
            await connection.recv()
    except ConnectionClosed:
        pass


async def visiting(host, port):
    for path in PATHS:
        await ended(await opened(host, port, path), path)


async def holding(host, port):
    paths = [path for path in PATHS if path != "403"]
    connections = [(path, await opened(host, port, path)) for path in paths]
    print("open", flush=True)
    loop = asyncio.get_running_loop()
    # A capture that starts now recognises the connections by these messages.
    await loop.run_in_executor(None, sys.stdin.readline)
    for _ in range(8):
        for _, connection in connections:
            await connection.send("a message of some length, as chats have it")
            await connection.ping()
        await asyncio.sleep(0.02)
    for path, connection in connections:
        await ended(connection, path)


match sys.argv[1:]:
    case ["serve", host]:
        asyncio.run(serving(host))
    case ["visit", host, port]:
        asyncio.run(visiting(host, int(port)))
    case ["hold", host, port]:
        asyncio.run(holding(host, int(port)))
    case _:
        sys.exit(__doc__)
