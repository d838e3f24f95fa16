"""A hub for twenty minutes: numbered messages, while members come, go, reset and stop reading.

python -m tests.bench.soak [MINUTES] [MESSAGES] [MEMBERS]

Messages of 0 to 256 KiB are sent evenly over the time. Five listeners stay throughout and check
that each message arrives once, in order and unchanged; the members that come and go check what
they hear while they are there. The memory and the descriptors of the server are sampled, and the
slope of a line fitted to each is printed. Ends with status 1 if a message was lost.
"""

import asyncio
import contextlib
import random
import socket
import statistics
import struct
import sys
import time

from tests.bench.peers import UPGRADE, open_files, resident, serving, text_frames

LISTENERS = 5
MAX_SIZE = 256 << 10
STAY = (1.0, 30.0)  # seconds that a member listens before it leaves
DEAF = 45.0  # seconds that a member stays which has stopped reading
SAMPLE = 5.0  # seconds
REPORT = 12  # samples
PATIENCE = 60.0  # seconds for the last messages to arrive
CLOSE = b"\x88\x80\x00\x00\x00\x00"


def message(number):
    """Return a message that is known from its number alone."""
    size = random.Random(number).randrange(MAX_SIZE + 1)  # noqa: S311
    return (b"%d " % number).ljust(size, b".")[:size]


class Member:
    """One connection to the hub, which checks the order of the messages it hears."""

    def __init__(self, port):
        self._port = port
        self.next = None

    async def __aenter__(self):
        self._reader, self._writer = await asyncio.open_connection(
            "127.0.0.1", self._port, limit=MAX_SIZE
        )
        self._writer.write(UPGRADE.format("/hub").encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101"), head
        return self

    async def __aexit__(self, *exc):
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def send(self, payload):
        self._writer.write(text_frames([payload]))
        await self._writer.drain()

    async def hear(self):
        """Check the next message; return False at the end of the connection."""
        try:
            opcode, payload = await self._frame()
        except (asyncio.IncompleteReadError, ConnectionError):
            return False
        if opcode == 8:
            return False
        if self.next is None and len(payload) < 8:
            return True  # too short to say which message it is
        if self.next is None:
            self.next = int(payload.split(b" ")[0])
        assert payload == message(self.next), f"message {self.next} is lost, repeated or changed"
        self.next += 1
        return True

    async def _frame(self):
        first, length = await self._reader.readexactly(2)
        if length > 125:
            extended = await self._reader.readexactly(2 if length == 126 else 8)
            length = int.from_bytes(extended, "big")
        return first & 15, await self._reader.readexactly(length)

    async def leave(self):
        """Close as the protocol has it, hearing everything that still comes."""
        self._writer.write(CLOSE)
        while await self.hear():
            pass

    async def leave_unheard(self):
        """Close, and read to the end without looking at it."""
        self._writer.write(CLOSE)
        await self._reader.read()

    def reset(self):
        sock = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def break_off(self):
        """End TCP in the middle of a frame."""
        self._writer.write(text_frames([b"half"])[:5])

    async def stop_reading(self):
        """Stay without reading; the server drops such a member meanwhile."""
        self._writer.transport.pause_reading()
        await asyncio.sleep(DEAF)
        self._writer.transport.abort()


async def listen_throughout(port, count, ready):
    async with Member(port) as member:
        member.next = 0
        ready.release()
        while member.next < count:
            assert await member.hear(), f"the connection ended before message {member.next}"
        await member.leave()


async def come_and_go(port, number):
    stay = random.Random(number).uniform(*STAY)  # noqa: S311
    async with Member(port) as member:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(stay):
                while await member.hear():
                    pass
        # A frame may have been cut by the time limit: the bytes that follow are ignored.
        if number % 4 == 0:
            member.reset()
        elif number % 4 == 1:
            member.break_off()
        elif number % 4 == 2:
            await member.stop_reading()
        else:
            await member.leave_unheard()


async def talk(port, count, seconds, ready):
    for _ in range(LISTENERS):
        await ready.acquire()
    start = time.monotonic()
    async with Member(port) as member:
        member.next = 0
        hearing = asyncio.create_task(_hear_all(member, count))
        for number in range(count):
            await asyncio.sleep(start + seconds * number / count - time.monotonic())
            await member.send(message(number))
        await asyncio.wait_for(hearing, PATIENCE)


async def _hear_all(member, count):
    while member.next < count:
        assert await member.hear(), f"the connection ended before message {member.next}"


async def send_members(port, members, seconds):
    """Let members come at random times."""
    chance = random.Random(1)  # noqa: S311
    times = sorted(chance.uniform(0, seconds) for _ in range(members))
    start = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number, due in enumerate(times):
            await asyncio.sleep(start + due - time.monotonic())
            group.create_task(come_and_go(port, number))


async def sample(process, rows):
    start = time.monotonic()
    while True:
        rows.append((time.monotonic() - start, resident(process), open_files(process)))
        if len(rows) % REPORT == 1:
            seconds, memory, files = rows[-1]
            print(
                f"{seconds / 60:5.1f} min  {memory / 2**20:7.2f} MiB  {files:4d} files", flush=True
            )
        await asyncio.sleep(SAMPLE)


async def soak(port, process, seconds, count, members):
    rows, ready = [], asyncio.Semaphore(0)
    sampling = asyncio.create_task(sample(process, rows))
    async with asyncio.TaskGroup() as group:
        for _ in range(LISTENERS):
            group.create_task(listen_throughout(port, count, ready))
        group.create_task(talk(port, count, seconds, ready))
        group.create_task(send_members(port, members, seconds))
    sampling.cancel()
    return rows


def slope(rows, column):
    """Return the change of a column in an hour, by the second half of the time."""
    late = rows[len(rows) // 2 :]
    line = statistics.linear_regression([row[0] for row in late], [row[column] for row in late])
    return line.slope * 3600


def main(minutes=20.0, count=14_400, members=1_700):
    with serving("wscli") as (port, process):
        before = resident(process), open_files(process)
        rows = asyncio.run(soak(port, process, 60 * minutes, int(count), int(members)))
        time.sleep(2 * SAMPLE)  # for the last connections to be cleaned up
        after = resident(process), open_files(process)
    total = sum(len(message(number)) for number in range(int(count)))
    print(f"{int(count):,} messages, {total / 2**20:,.0f} MiB, {LISTENERS + 1} members heard each")
    print(f"once and in order while {int(members):,} members came and went")
    print(f"memory {before[0] / 2**20:.1f} MiB before, {after[0] / 2**20:.1f} MiB after")
    print(f"slope {slope(rows, 1) / 2**20:+.2f} MiB/h, {slope(rows, 2):+.1f} files/h")
    print(f"files {before[1]} before, {after[1]} after")


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
