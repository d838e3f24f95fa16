"""A server and a client made with aiohttp; see ``tests/interop/programs.py``.

aiohttp sends each message in one frame, so it has no path /fragment and no step fragments.
"""

import asyncio
import json
import sys

from aiohttp import ClientSession, WSMsgType, web

UNLIMITED = 0


async def handle(request):
    connection = web.WebSocketResponse(max_msg_size=UNLIMITED, autoping=False, autoclose=False)
    await connection.prepare(request)
    if request.path == "/close":
        reason = request.query.get("reason", "")
        await connection.close(code=int(request.query["code"]), message=reason.encode())
    elif request.path == "/ping":
        await connection.ping(b"are you there")
    reason = None
    while True:
        message = await connection.receive()
        if message.type == WSMsgType.TEXT:
            await connection.send_str(message.data)
        elif message.type == WSMsgType.BINARY:
            await connection.send_bytes(message.data)
        elif message.type == WSMsgType.PING:
            await connection.pong(message.data)
        elif message.type == WSMsgType.PONG and message.data == b"are you there":
            await connection.send_str("pong came")
        else:
            if message.type == WSMsgType.CLOSE:
                reason = message.extra
                await connection.close(code=message.data)
            break
    print(json.dumps([connection.close_code, reason]), flush=True)
    return connection


async def run_server():
    app = web.Application()
    app.router.add_get("/{path}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, shutdown_timeout=1)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


async def converse(url, script, options):
    compress = (options["window_bits"] or 15) if options["deflate"] else 0
    async with (
        ClientSession() as session,
        session.ws_connect(
            url, max_msg_size=UNLIMITED, compress=compress, autoping=False
        ) as connection,
    ):
        reason = None
        for step, argument in script:
            if step == "echo":
                await echo(connection, *argument)
            elif step == "ping":
                await connection.ping(b"are you there")
                message = await receive(connection)
                assert (message.type, message.data) == (WSMsgType.PONG, b"are you there")
            elif step == "close":
                await connection.close(code=argument[0], message=argument[1].encode())
            elif step == "wait":
                reason = (await receive(connection)).extra
    return [connection.close_code, reason]


async def receive(connection):
    """Return what comes next that is no ping; aiohttp's own answers would hide the pongs too."""
    while True:
        message = await connection.receive()
        if message.type != WSMsgType.PING:
            return message
        await connection.pong(message.data)


async def echo(connection, kind, size):
    if kind == "text":
        message = "é" * (size // 2) + "x" * (size % 2)
        await connection.send_str(message)
    else:
        message = bytes(range(256)) * (size // 256) + bytes(size % 256)
        await connection.send_bytes(message)
    echoed = await receive(connection)
    assert echoed.type == (WSMsgType.TEXT if kind == "text" else WSMsgType.BINARY)
    assert echoed.data == message


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
