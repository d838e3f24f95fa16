"""``wscli`` and ``python -m wscli``."""

from __future__ import annotations

import gc
import os
import signal
import sys

_COLLECT_AFTER = 100_000  # objects; starting up makes many that stay, and hardly any garbage
_KEEP_FREED = 16 << 20  # bytes


def main() -> None:
    """Run the command line of this process, and end it.

    Nothing waits in a buffer then, so the interpreter need not be taken apart piece by piece:
    that would take a tenth of the time of a short command.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Ctrl-C ends the program at once; where something is to be put in order first, it is
        # caught there.
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


if __name__ == "__main__":
    main()
