"""Runs wscli: the real program, as a user's shell would, or its command line as a function."""

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
from typing import NamedTuple

from wscli.apps.env import Env
from wscli.cli.main import main

WSCLI = [sys.executable, "-m", "wscli"]


class Result(NamedTuple):
    status: int
    out: bytes
    err: str


def wscli(*args, stdin=b"", timeout=30, env=None):
    """Run ``wscli`` with these arguments; stdin ends where its bytes end."""
    done = subprocess.run(
        [*WSCLI, *(arg if isinstance(arg, bytes) else str(arg) for arg in args)],
        input=stdin,
        capture_output=True,
        timeout=timeout,
        env={**os.environ, **(env or {})},
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr.decode())


def call(*args, stdin=b"", timeout=30, env=None):
    """Call ``main(args, env)`` in a thread: it takes a tenth of the time that a process does.

    Use it for tests that need no signals, descriptors or exit of a process.
    """
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(tempfile.TemporaryFile(buffering=0)) for _ in range(3)]
        streams[0].write(stdin)
        streams[0].seek(0)
        arguments = [os.fsdecode(arg if isinstance(arg, bytes) else str(arg)) for arg in args]
        environ = {**os.environ, **(env or {})}
        statuses = []
        thread = threading.Thread(
            target=lambda: statuses.append(main(arguments, Env(*streams, environ))), daemon=True
        )
        thread.start()
        thread.join(timeout)
        assert statuses, f"it has not ended, or has crashed: {args}"
        for stream in streams:
            stream.seek(0)
        return Result(int(statuses[0]), streams[1].read(), streams[2].read().decode())


def start(*args, env=None, **options):
    """Start ``wscli`` with pipes for its streams."""
    return subprocess.Popen(
        [*WSCLI, *map(str, args)],
        stdin=options.pop("stdin", subprocess.PIPE),
        stdout=options.pop("stdout", subprocess.PIPE),
        stderr=options.pop("stderr", subprocess.PIPE),
        env={**os.environ, **(env or {})},
        **options,
    )
