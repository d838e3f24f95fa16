"""``wscli`` and ``python -m wscli``."""

from __future__ import annotations

import gc
import os
import select
import signal
import sys

_COLLECT_AFTER = 100_000  # objects; starting up makes many that stay, and hardly any garbage
_KEEP_FREED = 16 << 20  # bytes


_NEEDS = "wscli needs poll(), termios and the signals of POSIX"


def main() -> None:
    """Run the command line of this process, and end it.

    The buffers are empty then, so the interpreter exits without its own shutdown, which would
    take a tenth of the time of a short command.
    """
    if os.name != "posix" or not hasattr(select, "poll"):
        sys.exit(_refuse())
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Ctrl-C ends the program at once; code that has to clean up first catches it itself.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    gc.set_threshold(_COLLECT_AFTER)
    # glibc's malloc gives freed memory back above a threshold, which it learns from the largest
    # block that was freed: with this one (never touched) it keeps the buffers of large messages.
    bytes(_KEEP_FREED)
    from wscli.apps.env import Env
    from wscli.cli.main import main as run

    status = run(sys.argv[1:], Env.of_process())
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # as it is where the descriptor was closed
            stream.flush()
    os._exit(status)


def _refuse() -> int:
    """Report that this system is not supported, and return the exit status."""
    system, hint = f"Python on {sys.platform} without poll()", "another build of Python"
    if sys.platform == "win32":
        system, hint = "Windows", "WSL, where wscli runs as it does on Linux"
    sys.stderr.write(f"wscli: {system} is not supported: {_NEEDS}\ntry: {hint}\n")
    return 2  # as for wrong usage; the enum is not imported yet


if __name__ == "__main__":
    main()
