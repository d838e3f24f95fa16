"""Runs the real program, as a user's shell would."""

import os
import subprocess
import sys
from typing import NamedTuple

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
