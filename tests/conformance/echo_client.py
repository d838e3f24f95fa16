"""The echo client that the Autobahn suite tests.

Arguments: the URL, the agent, the number of cases, how many to run at once, and the driver, which
is ``threads`` or ``asyncio``.
"""

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor

import wscli
from wscli import aio
from wscli.errors import WscliError

LARGEST = 64 << 20  # bytes; the suite's largest messages have 16 MiB


def echo(url):
    try:
        with wscli.connect(url, max_size=LARGEST) as connection:
            for message in connection:
                connection.send(message)
    except WscliError:
        pass  # many a case is about how a connection fails


async def echo_in_a_loop(url):
    try:
        async with aio.connect(url, max_size=LARGEST) as connection:
            async for message in connection:
                await connection.send(message)
    except WscliError:
        pass


async def echo_all_in_a_loop(urls, at_once):
    turns = asyncio.Semaphore(at_once)

    async def run(url):
        async with turns:
            await echo_in_a_loop(url)

    await asyncio.gather(*map(run, urls))


url, agent, count, at_once, driver = sys.argv[1:]
cases = [f"{url}/runCase?case={number}&agent={agent}" for number in range(1, int(count) + 1)]
if driver == "asyncio":
    asyncio.run(echo_all_in_a_loop(cases, int(at_once)))
else:
    with ThreadPoolExecutor(int(at_once)) as pool:
        list(pool.map(echo, cases))
echo(f"{url}/updateReports?agent={agent}")
