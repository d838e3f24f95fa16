"""The history: the lines entered for each host, in a file that only its owner can read.

The file has a line of JSON for each entered line, which may have line feeds of its own. It is only
ever appended to, so that two sessions with one host can share it; the exception is a file that has
grown too large. json and platformdirs are imported on use, after the prompt has been drawn.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from urllib.parse import quote

_MODE = 0o600  # the lines may have passwords and tokens in them
_MAX_LINES = 2000
_MAX_FILE = 4 << 20  # bytes; a larger file is rewritten with half of the lines


class LineHistory:
    """The lines entered for a host, the oldest first; without a host they are kept in memory.

    The file is read on first use. If it cannot be used, ``complain`` is called once with the
    reason, and lines are kept in memory.
    """

    def __init__(self, host: str | None, complain: Callable[[str], None]) -> None:
        self._host = host
        self._complain = complain

    @cached_property
    def lines(self) -> list[str]:
        """The lines of earlier sessions, and of this one."""
        return self._load()

    @cached_property
    def _path(self) -> str | None:
        return None if self._host is None else history_path(self._host)

    def append(self, line: str) -> None:
        """Add a line."""
        self.lines.append(line)
        self._write([line], os.O_APPEND)

    def _load(self) -> list[str]:
        if self._path is None:
            return []
        try:
            # A symbolic link is not followed: the mode of the file behind it would be changed.
            with open(os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
                os.fchmod(file.fileno(), _MODE)
                data = file.read()
        except FileNotFoundError:
            return []
        except OSError as error:
            self._use_memory(error)
            return []
        lines = [line for row in data.splitlines()[-_MAX_LINES:] if (line := _read(row))]
        # Half of them, so that it is not rewritten in every session from now on.
        if len(data) > _MAX_FILE:
            self._write(lines[-_MAX_LINES // 2 :], os.O_TRUNC)
        return lines

    def _write(self, lines: list[str], mode: int) -> None:
        import json

        if self._path is None:
            return
        # In ASCII: json.dumps escapes lone surrogates (typed bytes that are not UTF-8), which no
        # encoding could write as they are.
        rows = "".join(f"{json.dumps(line)}\n" for line in lines)
        try:
            os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | mode
            with open(os.open(self._path, flags, _MODE), "w", encoding="ascii") as file:
                # The mode given to os.open applies to a new file only.
                os.fchmod(file.fileno(), _MODE)
                file.write(rows)
        except OSError as error:
            self._use_memory(error)

    def _use_memory(self, error: OSError) -> None:
        reason = error.strerror or str(error)
        # For O_NOFOLLOW POSIX specifies ELOOP, and FreeBSD returns EMLINK.
        if error.errno in (errno.ELOOP, errno.EMLINK):
            reason = "it is a symbolic link"
        self._complain(f"no history is kept: {self._path}: {reason}")
        # Assigning it replaces the cached property, so the file is not tried again.
        self._path = None


def history_path(host: str) -> str:
    """Return the path of a host's history, in the user's state folder."""
    from platformdirs import user_state_dir

    # The host comes from a URL, and must not name a file elsewhere: "/" is quoted.
    return os.path.join(user_state_dir("wscli"), "history", quote(host.lower(), safe="[]:"))


def _read(row: bytes) -> str | None:
    import json

    # A write that a full disk or a power failure cut off costs that line, not the history.
    with suppress(ValueError):
        line = json.loads(row)
        return line if isinstance(line, str) else None
    return None
