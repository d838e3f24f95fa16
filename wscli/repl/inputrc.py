"""Which keys the user is used to: the editing mode of readline's inputrc."""

from __future__ import annotations

import re
from collections.abc import Mapping

_SET = r"\s*set\s+editing-mode\s+(\w+).*"


def wants_vi(environ: Mapping[str, str]) -> bool:
    """Tell whether the user's inputrc, or else the system's, asks for vi keys."""
    home = environ.get("HOME", "")
    candidates = [environ.get("INPUTRC") or f"{home}/.inputrc", "/etc/inputrc"]
    for name in candidates:
        try:
            with open(name, encoding="utf-8", errors="replace") as file:
                return editing_mode(file.read()) == "vi"
        except OSError:
            continue
    return False


def editing_mode(inputrc: str) -> str:
    """Return the mode that an inputrc sets, outside of what is for certain programs only."""
    mode, depth = "emacs", 0
    for line in inputrc.splitlines():
        directive = line.strip()
        if directive.startswith("$if"):
            depth += 1
        elif directive.startswith("$endif"):
            depth = max(0, depth - 1)
        elif depth == 0 and (match := re.fullmatch(_SET, line)):
            mode = match[1].lower()
    return mode
