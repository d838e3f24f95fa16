"""Make recordings: the file, which only its owner may read, and the redaction of its events."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from wscli.apps.options import Existing
from wscli.errors import UsageError

if TYPE_CHECKING:
    from wscli.net.opening import Opening
    from wscli.payload.matching import RegexReplacer
    from wscli.records.redaction import Redactor
    from wscli.records.secrets import Secrets

_MODE = 0o600  # a recording has credentials in its headers
_IS_LINK = (errno.ELOOP, errno.EMLINK, errno.ENOENT)  # FreeBSD says EMLINK


def redactor(patterns: Sequence[RegexReplacer] | None) -> Redactor | None:
    """Return a redactor with the user's patterns, or None for None."""
    if patterns is None:
        return None
    from wscli.records.redaction import Redactor

    return Redactor(_secrets(patterns))


def payload_redactor(
    patterns: Sequence[RegexReplacer], opening: Opening | None
) -> Callable[[bytes], bytes]:
    """Return a function that replaces secrets in payloads, including those of ``opening``."""
    from wscli.records.redaction import Redactor
    from wscli.session.events import Opened

    secrets = _secrets(patterns)
    if opening is not None:
        Redactor(secrets)(Opened(opening, 0.0, 0.0))  # its secrets are known from now on
    return secrets.payload


def _secrets(patterns: Sequence[RegexReplacer]) -> Secrets:
    from wscli.payload.matching import PatternTimeout
    from wscli.records.secrets import Secrets

    return Secrets(patterns, PatternTimeout)


def open_recording(
    name: str,
    existing: Existing = "refuse",
    hint: str = "--force replaces it, --append adds to it",
) -> io.FileIO:
    """Open a file for a recording, with mode 0600 even if the file existed.

    ``existing`` applies to a file that is not empty; ``hint`` names the options for the others.
    Pipes and devices are written to directly, also through a symbolic link (a shell replaces
    ``>(gzip)`` with one such as /dev/fd/63); a link to a regular file is not followed.

    Raises:
        UsageError: if it cannot be written.
    """
    if name == "-":
        raise UsageError(
            "a recording must go to a file, not to stdout (-)",
            hint="--json prints the events on stdout; ./- is a file of that name",
        )
    try:
        return io.FileIO(name, "w", opener=lambda path, _: _open(path, existing, hint))
    except OSError as error:
        raise UsageError(f"cannot write {name}", error.strerror or str(error)) from None


def _open(path: str, existing: Existing, hint: str) -> int:
    fd = _open_directly(path, os.O_APPEND if existing == "append" else 0)
    try:
        status = os.fstat(fd)
        if stat.S_ISREG(status.st_mode):
            if status.st_size and existing == "refuse":
                raise UsageError(f"{path} is not empty", f"{status.st_size:,} bytes", hint)
            os.fchmod(fd, _MODE)
            if existing == "append":
                _end_line(path, fd, status.st_size)
            else:
                os.ftruncate(fd, 0)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _open_directly(path: str, flags: int) -> int:
    """Open a file without emptying it; refuse a symbolic link to a regular file."""
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | flags, _MODE)
    except OSError as error:
        if error.errno not in _IS_LINK or not os.path.islink(path):
            raise
    if os.path.exists(path) and not os.path.isfile(path):
        fd = os.open(path, os.O_WRONLY | flags)
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return fd
        os.close(fd)
    raise UsageError(
        f"cannot write {path}: it is a symbolic link to a file",
        f"it points to {os.path.realpath(path)}",
        "the name of the file itself",
    )


def _end_line(path: str, fd: int, size: int) -> None:
    """End a line that was cut off, so that the events which follow are not part of it."""
    if size == 0:
        return
    with open(path, "rb") as file:
        file.seek(size - 1)
        if file.read(1) != b"\n":
            os.write(fd, b"\n")
