"""A text in the user's editor."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping

from wscli.errors import UsageError


def edit_text(text: str, environ: Mapping[str, str]) -> str:
    """Let the user edit a text; return it without the line feed that editors add at the end.

    Raises:
        UsageError: if there is no editor, or it fails.
    """
    editor = environ.get("VISUAL") or environ.get("EDITOR") or "vi"
    descriptor, path = tempfile.mkstemp(prefix="wscli-", suffix=".txt")
    try:
        with open(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
        _run([*shlex.split(editor), path])
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read().removesuffix("\n")
    finally:
        os.unlink(path)


def _run(command: list[str]) -> None:
    try:
        status = subprocess.call(command)  # noqa: S603 - it is the user's own choice
    except OSError as error:
        raise UsageError(
            f"cannot start the editor {command[0]!r}", error.strerror or str(error), "EDITOR=nano"
        ) from None
    if status:
        raise UsageError(f"the editor {command[0]!r} ended with status {status}")
