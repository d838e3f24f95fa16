"""Echo through one connection: wscli's server against one made with websockets, same client.

python -m tests.bench.echo [ROUNDS]
"""

import statistics
import sys
import time

from tests.bench.peers import connect, exchange, serving, text_frames

COUNT = 200_000
ONE_BY_ONE = 20_000
PAYLOAD = b"a message of 32 bytes, as it is."
FRAME = 2 + len(PAYLOAD)


def flood(port):
    """Send all messages as fast as the server takes them."""
    sock = connect(port, "/echo")
    data = text_frames([PAYLOAD] * COUNT)
    start = time.perf_counter()
    exchange(sock, data, COUNT * FRAME)
    taken = time.perf_counter() - start
    sock.close()
    return taken


def one_by_one(port):
    """Send a message when the one before has come back."""
    sock = connect(port, "/echo")
    data = text_frames([PAYLOAD])
    start = time.perf_counter()
    for _ in range(ONE_BY_ONE):
        sock.sendall(data)
        sock.recv(4096)
    taken = time.perf_counter() - start
    sock.close()
    return taken


def main(rounds):
    times = {}
    with serving("wscli") as (ours, _), serving("websockets") as (theirs, _):
        for _ in range(rounds):
            for way in (flood, one_by_one):
                times.setdefault((way, "wscli"), []).append(way(ours))
                times.setdefault((way, "websockets"), []).append(way(theirs))
    for way, count in ((flood, COUNT), (one_by_one, ONE_BY_ONE)):
        wscli, websockets = (
            statistics.median(times[way, name]) for name in ("wscli", "websockets")
        )
        print(
            f"{way.__name__}: {count:,} messages; wscli {count / wscli:,.0f}/s, "
            f"websockets {count / websockets:,.0f}/s, ratio of times {wscli / websockets:.3f}"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
