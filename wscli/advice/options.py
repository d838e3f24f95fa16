"""Fit a hint to the options of the running command.

A hint is a list of clauses, separated by semicolons or by ", or". The same error may come up in any
command, and few commands have all options: a clause that names an option which the running command
lacks is left out, except for the reason before its colon.
"""

from __future__ import annotations

import re
from collections.abc import Collection

_BETWEEN = r"(; |, or )"
_OPTION = r"(?<![^\s(])--?[A-Za-z0-9][\w-]*"
_OF_CURL = r"curl [^;]*"  # a command line of curl, whose options are its own


def keep_known(hint: str, options: Collection[str]) -> str:
    """Return the part of a hint that names no option but those in ``options``."""
    first, *rest = re.split(_BETWEEN, hint)
    clauses = [("", first), *zip(rest[::2], rest[1::2], strict=True)]
    kept = [(between, part) for between, clause in clauses if (part := _known(clause, options))]
    text = "".join(between + part for between, part in kept)
    # The words that joined the first clause to one that was left out go with that.
    return text.removeprefix(kept[0][0]).removeprefix("or ") if kept else ""


def _known(clause: str, options: Collection[str]) -> str:
    if _names_only(clause, options):
        return clause
    reason = clause.rpartition(": ")[0]
    return reason if _names_only(reason, options) else ""


def _names_only(clause: str, options: Collection[str]) -> bool:
    named = re.findall(_OPTION, re.sub(_OF_CURL, "", clause))
    return all(name in options or _is_cluster(name, options) for name in named)


def _is_cluster(name: str, options: Collection[str]) -> bool:
    """Return True for ``-vv``, which is the option ``-v`` twice."""
    return not name.startswith("--") and {f"-{letter}" for letter in name[1:]} <= set(options)
