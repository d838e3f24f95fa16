"""10,000 connections, one after another: what they leave behind in the server.

python -m tests.bench.churn [COUNT]
"""

import sys

from tests.bench.peers import connect, open_files, resident, serving, text_frames

STEPS = 5


def visit(port, number):
    """Come, say something, and leave: with a Close frame, without one, or in mid-frame."""
    sock = connect(port, "/hub" if number % 2 else "/echo")
    hello = text_frames([b"hello"])
    sock.sendall(hello)
    sock.recv(100)
    if number % 3 == 0:
        sock.sendall(b"\x88\x80\x00\x00\x00\x00")
        while sock.recv(100):
            pass
    elif number % 3 == 1:
        sock.sendall(hello[:5])
    sock.close()


def main(count):
    with serving("wscli") as (port, process):
        for number in range(count // 10):
            visit(port, number)
        print(f"after {count // 10:,}: {open_files(process)} files, {resident(process):,} bytes")
        for step in range(1, STEPS + 1):
            for number in range(count // STEPS):
                visit(port, number)
            files, size = open_files(process), resident(process)
            print(f"after {count // STEPS * step:,} more: {files} files, {size:,} bytes")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
