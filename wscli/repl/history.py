"""The lines that were entered: kept for each host in a file that only its owner can read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

_MAX_LINES = 2000
_MAX_FILE = 4 << 20  # bytes: a larger file is written anew with what is kept of it


class LineHistory:
    """Lines, the oldest first; with a path they are those of a file, and added to it.

    Where the file cannot be used, ``complain`` is told once, and lines are kept in memory.
    """

    def __init__(self, path: Path | None, complain: Callable[[str], None]) -> None:
        self._path = path
        self._complain = complain
        self.lines: list[str] = self._load() if path else []

    def append(self, line: str) -> None:
        """Add a line."""
        self.lines.append(line)
        self._write([line], os.O_APPEND)

    def _load(self) -> list[str]:
        try:
            data = self._path.read_bytes() if self._path else b""
        except FileNotFoundError:
            return []
        except OSError as error:
            self._give_up(error)
            return []
        lines = [line for row in data.splitlines()[-_MAX_LINES:] if (line := _read(row))]
        if len(data) > _MAX_FILE:
            self._write(lines[-_MAX_LINES // 2 :], os.O_TRUNC)
        return lines

    def _write(self, lines: list[str], mode: int) -> None:
        if self._path is None:
            return
        rows = "".join(f"{json.dumps(line)}\n" for line in lines)
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | mode
            with open(os.open(self._path, flags, 0o600), "w") as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(rows)
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self._complain(f"no history is kept: {self._path}: {error.strerror or error}")
        self._path = None


def history_path(host: str) -> Path:
    """Return where the lines for a host are kept, in the user's state folder."""
    from platformdirs import user_state_path

    return user_state_path("wscli") / "history" / quote(host.lower(), safe="[]:")


def _read(row: bytes) -> str | None:
    try:
        line = json.loads(row)
    except ValueError:  # a write that was cut off
        return None
    return line if isinstance(line, str) else None
