"""Print what several servers push, with asyncio: ``python listen.py URL...``."""

import asyncio
import sys

import wscli.aio


async def listen(url: str) -> None:
    """Print the messages of one server until it closes."""
    async with wscli.aio.connect(url) as session:
        async for message in session:
            print(url, message)


async def main() -> None:
    """Listen to all servers at the same time; the first error ends all of them."""
    async with asyncio.TaskGroup() as group:
        for url in sys.argv[1:]:
            group.create_task(listen(url))


if __name__ == "__main__":
    asyncio.run(main())
