"""The echo client that the Autobahn suite tests: URL, agent and number of cases as arguments."""

import sys
from concurrent.futures import ThreadPoolExecutor

import wscli
from wscli.errors import WscliError

LARGEST = 64 << 20  # bytes; the suite's largest messages have 16 MiB


def echo(url):
    try:
        with wscli.connect(url, max_size=LARGEST) as connection:
            for message in connection:
                connection.send(message)
    except WscliError:
        pass  # many a case is about how a connection fails


url, agent, count, at_once = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
with ThreadPoolExecutor(at_once) as pool:
    cases = [f"{url}/runCase?case={number}&agent={agent}" for number in range(1, count + 1)]
    list(pool.map(echo, cases))
echo(f"{url}/updateReports?agent={agent}")
