"""A server and a client made with the websockets package; see ``tests/interop/programs.py``."""

import asyncio
import json
import sys
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory


def pieces(message):
    third = len(message) // 3 + 1
    return [message[at : at + third] for at in range(0, len(message), third)]


async def handle(connection):
    url = urlsplit(connection.request.path)
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    try:
        if url.path == "/close":
            await connection.close(int(query["code"]), query.get("reason", ""))
        elif url.path == "/ping":
            await (await connection.ping(b"are you there"))
            await connection.send("pong came")
        async for message in connection:
            await connection.send(pieces(message) if url.path == "/fragment" else message)
    except ConnectionClosed:
        pass
    print(json.dumps([connection.close_code, connection.close_reason]), flush=True)


async def run_server():
    async with serve(handle, "127.0.0.1", 0, max_size=None) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def extensions(options):
    if not options["deflate"]:
        return {"compression": None}
    fresh, bits = options["no_context_takeover"], options["window_bits"]
    factory = ClientPerMessageDeflateFactory(
        server_no_context_takeover=fresh,
        client_no_context_takeover=fresh,
        server_max_window_bits=bits,
        client_max_window_bits=bits or True,
    )
    return {"compression": None, "extensions": [factory]}


async def converse(url, script, options):
    async with connect(url, max_size=None, **extensions(options)) as connection:
        for step, argument in script:
            if step == "echo":
                message = text_or_bytes(argument)
                await connection.send(message)
                assert await connection.recv() == message
            elif step == "fragments":
                message = text_or_bytes(argument)
                await connection.send(pieces(message))
                assert await connection.recv() == message
            elif step == "ping":
                await (await connection.ping(b"are you there"))
            elif step == "close":
                await connection.close(*argument)
            elif step == "wait":
                await connection.wait_closed()
    return [connection.close_code, connection.close_reason]


def text_or_bytes(argument):
    kind, size = argument
    return (
        ("é" * (size // 2) + "x" * (size % 2))
        if kind == "text"
        else bytes(range(256)) * (size // 256) + bytes(size % 256)
    )


def run_client():
    for line in sys.stdin:
        try:
            seen = asyncio.run(converse(*json.loads(line)))
        except Exception as error:
            seen = repr(error)
        print(json.dumps(seen), flush=True)


if sys.argv[1] == "serve":
    asyncio.run(run_server())
else:
    run_client()
