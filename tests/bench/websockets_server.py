"""The same echo and hub, made with the websockets package as its documentation does."""

import asyncio
import json
import logging
import signal

from websockets.asyncio.server import broadcast, serve

MEMBERS = set()
logging.disable()  # members leave without a Close, which it would report one by one


async def handle(connection):
    if connection.request.path == "/echo":
        async for message in connection:
            await connection.send(message)
        return
    MEMBERS.add(connection)
    try:
        async for message in connection:
            broadcast(MEMBERS, message)
    finally:
        MEMBERS.discard(connection)


async def main():
    end = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end.set)
    async with serve(handle, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        port = server.sockets[0].getsockname()[1]
        print(json.dumps({"url": f"ws://127.0.0.1:{port}/"}), flush=True)
        await end.wait()


asyncio.run(main())
