"""Lists the files that a push and a typed line cross in the interactive session.

Run it with ``python -m tests.bench.hops [--all]``. The real program runs in a pseudo-terminal with
a profile function in all of its threads. Once the session is idle, one message is pushed, and one
line is typed and entered. The message goes from one file to another where a function is called with
it, in whatever container, or returns it. The files between the socket (or the key) and the terminal
count; those that only look at the message, such as the statistics, are dead ends and do not.
``--all`` lists every file in which any function was called meanwhile.
"""

import argparse
import contextlib
import json
import os
import queue
import sys
import tempfile
import threading
import time
from collections import deque
from pathlib import Path
from typing import NamedTuple

from websockets.sync.server import serve

import wscli
from tests.terminal import Terminal

PACKAGE = f"{Path(wscli.__file__).parent}{os.sep}"
PUSHED, TYPED = "pushed-message", "typed-message"
DESTINATION = "repl/terminal.py"
CARRIERS = ("wscli.wire", "wscli.payload", "wscli.repl.journal")
"""Where the classes are whose instances carry messages from one file to another, in their slots."""

DEPTH = 5  # of containers in which the message is looked for


class Call(NamedTuple):
    """A file whose code ran at a moment, and from which file to which the message went by it.

    ``moment`` is by ``time.monotonic``, which all processes share; ``origin`` and ``target`` are
    empty where the message stayed in its file.
    """

    moment: float
    file: str
    origin: str = ""
    target: str = ""


def run_traced(calls_file, arguments):
    """Run ``wscli`` with these arguments, and write the calls to a file at the end."""
    from wscli.apps.env import Env
    from wscli.cli.main import main

    calls = []
    os.urandom = bytes  # mask keys of zeros, so that the message can be read in masked frames

    def record(frame, event, value):
        file = file_of(frame)
        if not file or event not in ("call", "return"):
            return
        caller = nearest_caller(frame)
        if event == "call":
            given = [value for name, value in frame.f_locals.items() if name != "self"]
            went = (caller, file) if caller != file and holds(given) else ("", "")
        else:
            went = (file, caller) if caller != file and holds(value) else ("", "")
        calls.append(Call(time.monotonic(), file, *(went if all(went) else ("", ""))))

    threading.setprofile(record)
    sys.setprofile(record)
    main(arguments, Env.of_process())
    sys.setprofile(None)
    Path(calls_file).write_text(json.dumps(calls))


def file_of(frame):
    """Return the path in the package of a frame's file, or "" for code that is not ours."""
    name = frame.f_code.co_filename
    return name.removeprefix(PACKAGE) if name.startswith(PACKAGE) else ""


def nearest_caller(frame):
    """Return the file of the nearest caller that is ours: prompt_toolkit may stand between."""
    caller = frame.f_back
    while caller is not None:
        if file := file_of(caller):
            return file
        caller = caller.f_back
    return ""


def holds(value, depth=DEPTH):
    """Return True if one of the two messages is in a value or in what it contains."""
    if isinstance(value, str):
        return PUSHED in value or TYPED in value
    if isinstance(value, bytes | bytearray | memoryview):
        return holds(bytes(value).decode(errors="replace"))
    if depth == 0:
        return False
    if isinstance(value, list | tuple | deque):
        return any(holds(item, depth - 1) for item in value)
    classes = [kind for kind in type(value).__mro__ if kind.__module__.startswith(CARRIERS)]
    names = [name for kind in classes for name in getattr(kind, "__slots__", ())]
    return any(holds(getattr(value, name, None), depth - 1) for name in names)


def trace_paths():
    """Return the calls for a push and those for a typed line, each up to its display."""
    with tempfile.TemporaryDirectory() as folder, listening() as (url, connections):
        calls_file = str(Path(folder, "calls"))
        command = [sys.executable, "-m", "tests.bench.hops", "--traced", calls_file]
        env = {"XDG_STATE_HOME": folder, "TERM": "xterm-256color", "INPUTRC": os.devnull}
        with Terminal(command=[*command, "connect", url], env=env) as terminal:
            terminal.until("● open")
            connection = connections.get()
            for warm_up in ("first push", "second push"):
                connection.send(warm_up)
                terminal.until(warm_up)
            terminal.enter("first line")
            terminal.until("→     3")
            pushed = window(terminal, lambda: connection.send(PUSHED), PUSHED)
            terminal.type(TYPED)
            terminal.until(f"> {TYPED}")
            typed = window(terminal, lambda: terminal.press("enter"), "→     5")
            terminal.press("ctrl-d")
            terminal.ended()
        calls = [Call(*call) for call in json.loads(Path(calls_file).read_text())]
    return [
        [call for call in calls if begin <= call.moment < end] for begin, end in (pushed, typed)
    ]


def window(terminal, act, shown):
    """Return the times between which something was done and shown, from an idle session."""
    with contextlib.suppress(AssertionError):
        terminal.until(lambda: False, timeout=0.5)
    begin = time.monotonic()
    act()
    terminal.until(shown)
    return begin, time.monotonic()


@contextlib.contextmanager
def listening():
    """Give the URL of a server that only reads, and the queue of its connections."""
    connections = queue.SimpleQueue()

    def read(connection):
        connections.put(connection)
        for _ in connection:
            pass

    with serve(read, "127.0.0.1", 0, compression=None) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}", connections
        server.shutdown()


def crossed(calls):
    """Return the files between the first that has the message and the terminal."""
    edges = list(dict.fromkeys((call.origin, call.target) for call in calls if call.origin))
    onward = reachable(edges[0][0], edges)
    back = reachable(DESTINATION, [(target, origin) for origin, target in edges])
    return [file for file in onward if file in back]


def reachable(start, edges):
    """Return the files that can be reached from one, itself first."""
    found = [start]
    for file in found:  # which grows meanwhile
        found += [target for origin, target in edges if origin == file and target not in found]
    return found


def main():
    if sys.argv[1:2] == ["--traced"]:
        run_traced(sys.argv[2], sys.argv[3:])
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="list every file that had a call")
    options = parser.parse_args()
    names = ["a push, from the socket to the screen", "a typed line, from Enter to the screen"]
    for name, calls in zip(names, trace_paths(), strict=True):
        every = list(dict.fromkeys(call.file for call in calls))
        files = every if options.all else crossed(calls)
        print(f"{name}: {len(crossed(calls))} files ({len(every)} with those beside the path)")
        print("\n".join(f"  {file}" for file in files))


if __name__ == "__main__":
    main()
