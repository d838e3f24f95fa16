"""Edit a text in the user's editor: $VISUAL, or else $EDITOR, as bash and git choose it."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping

from wscli.errors import UsageError

_EDITORS = ("nano", "vim", "vi", "emacs", "micro", "joe")  # a hint names the first that exists


def edit_text(text: str, environ: Mapping[str, str]) -> str:
    """Return the text as the user saved it, without the line feed that editors add at the end.

    Raises:
        UsageError: if there is no editor, or it fails.
    """
    editor = environ.get("VISUAL") or environ.get("EDITOR") or "vi"
    # A folder rather than a temporary file: only its owner can enter it (mode 0700), and backup and
    # swap files of the editor vanish with it. Many editors save by renaming a new file over the old
    # one, so the text is read by its name, not from a file that was open before.
    try:
        with tempfile.TemporaryDirectory(prefix="wscli-") as folder:
            return _edit_file(os.path.join(folder, "message.txt"), text, editor)
    except OSError as error:
        raise UsageError("cannot edit the text in a file", error.strerror or str(error)) from None


def _edit_file(path: str, text: str, editor: str) -> str:
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
    _run([*_words(editor), path])
    # ``newline=""`` keeps \r\n as it was saved: the text becomes a message, byte for byte.
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
        return file.read().removesuffix("\n")


def _words(editor: str) -> list[str]:
    # The variable may have arguments, as in EDITOR="code --wait", so it is not a file name.
    try:
        return shlex.split(editor)
    except ValueError as error:
        raise UsageError(f"the editor {editor!r} is not a valid command line", str(error)) from None


def _run(command: list[str]) -> None:
    try:
        status = subprocess.call(command)  # noqa: S603 - the user chose the command
    except OSError as error:
        raise UsageError(
            f"cannot start the editor {command[0]!r}",
            error.strerror or str(error),
            _editor_hint(command[0]),
        ) from None
    # Vim's :cq is the way to discard an edit, as with git commit.
    if status:
        raise UsageError(f"the editor {command[0]!r} ended with status {status}")


def _editor_hint(missing: str) -> str:
    """Name an editor that is installed."""
    from shutil import which

    found = next((name for name in _EDITORS if name != missing and which(name)), None)
    if found is None:
        return "install an editor, and set EDITOR to its name; /text @FILE sends a file"
    return f"EDITOR={found}"
