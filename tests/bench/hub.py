"""A hub of 1,000 silent members and 50 talkers: wscli's against one made with websockets.

python -m tests.bench.hub [ROUNDS]

Each talker sends its next message when it has heard its last one.
"""

import contextlib
import select
import statistics
import sys
import time

from tests.bench.peers import connect, resident, serving, text_frames

SILENT = 1000
TALKERS = 50
EACH = 40  # messages of each talker
PAYLOAD = b"talker %02d says that this is it."


class Room:
    """All members of one room, in one loop that only counts what they receive."""

    def __init__(self, port):
        self.silent = [connect(port, "/hub") for _ in range(SILENT)]
        self.talkers = [connect(port, "/hub") for _ in range(TALKERS)]
        self._poll = select.epoll()
        self._socks = {}
        for sock in [*self.silent, *self.talkers]:
            sock.setblocking(False)
            self._socks[sock.fileno()] = sock
            self._poll.register(sock, select.EPOLLIN)

    def talk(self):
        """Let everybody say everything, and return how many seconds it took until all heard it."""
        frame = 2 + len(PAYLOAD % 0)
        left = (SILENT + TALKERS) * TALKERS * EACH * frame
        said = {sock.fileno(): 1 for sock in self.talkers}
        own = {sock.fileno(): PAYLOAD % index for index, sock in enumerate(self.talkers)}
        messages = {number: text_frames([payload]) for number, payload in own.items()}
        start = time.perf_counter()
        for sock in self.talkers:
            sock.send(messages[sock.fileno()])
        while left > 0:
            for number, _ in self._poll.poll(10):
                data = self._socks[number].recv(1 << 18)
                left -= len(data)
                if number in said and own[number] in data and said[number] < EACH:
                    said[number] += 1
                    self._socks[number].send(messages[number])
        return time.perf_counter() - start

    def close(self):
        for sock in self._socks.values():
            sock.close()


def main(rounds):
    times = {"wscli": [], "websockets": []}
    memory, rooms = {}, {}
    with contextlib.ExitStack() as stack:
        for name in times:
            port, process = stack.enter_context(serving(name))
            before = resident(process)
            rooms[name] = stack.enter_context(contextlib.closing(Room(port)))
            memory[name] = (resident(process) - before) / (SILENT + TALKERS)
        for _ in range(rounds):
            for name, taken in times.items():
                taken.append(rooms[name].talk())
    deliveries = (SILENT + TALKERS) * TALKERS * EACH
    for name, taken in times.items():
        rate = deliveries / statistics.median(taken)
        print(f"{name}: {rate:,.0f} deliveries/s, {memory[name] / 1024:.1f} KiB a member")
    ratio = statistics.median(times["wscli"]) / statistics.median(times["websockets"])
    print(f"ratio of times {ratio:.3f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
