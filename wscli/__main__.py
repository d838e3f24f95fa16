"""``wscli`` and ``python -m wscli``: set up the process, run the command line, and exit.

The settings here concern the whole process, so they are made only in a process of ours, and not in
a program that imports wscli.
"""

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
    """Run the command line of this process, and end it."""
    # Before the other modules are imported: they would fail with an ImportError or AttributeError.
    if os.name != "posix" or not hasattr(select, "poll"):
        sys.exit(_refuse())
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Ctrl-C ends the program at once, without a traceback. Code that has to clean up first
        # handles the signal itself. One that is ignored, as after nohup, stays ignored.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    gc.set_threshold(_COLLECT_AFTER)
    # glibc's malloc gives freed memory back to the system above a threshold, which it learns from
    # the largest block that was freed. After this block, which is never touched, it keeps the
    # buffers of large messages for the next ones.
    bytes(_KEEP_FREED)
    from wscli.apps.env import Env
    from wscli.cli.main import main as run

    status = run(sys.argv[1:], Env.of_process())
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # which it is if the process was started with a closed descriptor
            stream.flush()
    # With empty buffers there is nothing left to do. The interpreter's own shutdown would take a
    # tenth of the time of a short command.
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
