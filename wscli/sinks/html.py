"""A recording as one page of HTML, which needs no network, server or other file: ``page_pieces``.

The page consists of the files in ``page/`` and, after them, the events in the JSON form of
recordings. Its script adds them with ``append``, one block at a time. A page that receives events
while it is open can call the same function. Two fields are added to the JSON form: ``connection``
to every event, and ``explained`` to openings and ends, with the sentences that wscli makes of them.

Payloads, headers and reasons come from a peer and are data. A block of events is a script element
of a type that browsers do not run, and it contains no "<", so nothing in it can end the element.
The script of the page sets text only. As a second line of defence, its Content-Security-Policy
allows one script and one style sheet, by their hashes, and neither requests nor markup from text.
"""

from __future__ import annotations

import hashlib
import html
import json
from base64 import b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path
from string import Template

from wscli import __version__
from wscli.net.opening import Opening
from wscli.records.events import Recorded, json_pieces
from wscli.session.end import End, error_of
from wscli.session.events import Batch, Failed, Opened, Step
from wscli.sinks.explanation import explain_connection, explain_request, explain_response
from wscli.sinks.human.talk import describe_end
from wscli.text import UNSAFE, visible

_FOLDER = Path(__file__).with_name("page")
_SCRIPTS = (
    "text.js",
    "json.js",
    "recording.js",
    "filter.js",
    "controls.js",
    "list.js",
    "timeline.js",
    "connections.js",
    "connection.js",
    "rows.js",
    "tree.js",
    "message.js",
    "form.js",
    "page.js",
)
"""In the order in which they need one another; together they are one script."""

_BLOCK = 1 << 20  # bytes of lines, so that the page can show its progress between two blocks
_BLOCK_START = b'<script type="application/jsonl">\n'
_BLOCK_END = b"</script>\n"


def page_pieces(events: Iterable[Recorded], title: str) -> Iterator[bytes]:
    """Yield a page that shows some events, in memory that does not grow with their number.

    ``title`` names the recording, such as its file.
    """
    start, end = _frame(title)
    yield start
    yield from _blocks(events)
    yield end


def page_lines(recorded: Recorded) -> Iterator[bytes]:
    """Yield an event as lines of JSON for the page, in pieces."""
    event, connection = recorded
    extra: dict[str, object] = {"connection": connection or 1}
    if not isinstance(event, Batch) and (explained := _explain(event)):
        extra["explained"] = explained
    yield from json_pieces(event, extra)


def _blocks(events: Iterable[Recorded]) -> Iterator[bytes]:
    """Yield script elements, each with about _BLOCK bytes of whole lines."""
    pieces: list[bytes] = []
    size = 0
    for recorded in events:
        for piece in map(_without_markup, page_lines(recorded)):
            pieces.append(piece)
            size += len(piece)
        if size >= _BLOCK:
            yield b"".join([_BLOCK_START, *pieces, _BLOCK_END])
            pieces, size = [], 0
    if pieces:
        yield b"".join([_BLOCK_START, *pieces, _BLOCK_END])


def _without_markup(line: bytes) -> bytes:
    r"""Escape "<", which JSON has in strings only, as ``\u003c``.

    Without it there is no end tag, and no "<!--", after which "<script" would make the next end tag
    part of the data (HTML Standard, "script data double escaped state").
    """
    return line.replace(b"<", rb"\u003c")


def _explain(event: Step | Opened | End | Failed) -> dict[str, object]:
    """Return the meaning of the headers of an opening, or a sentence about an end."""
    if isinstance(event, End):
        return {"sentence": describe_end(event), "failed": error_of(event) is not None}
    opening: Opening | None = event.opening
    if opening is None:
        return {}
    return {
        "request": [meaning for _, _, meaning in explain_request(opening)],
        "response": [meaning for _, _, meaning in explain_response(opening)],
        "connection": list(explain_connection(opening, event.time)),
    }


def _frame(title: str) -> tuple[bytes, bytes]:
    """Return the parts of the page before and after the events."""
    script = "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in _SCRIPTS)
    style = (_FOLDER / "page.css").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; "
        "img-src data:; base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    start, end = (_FOLDER / "page.html").read_text(encoding="utf-8").split("$events\n")
    start = Template(start).substitute(
        policy=policy,
        title=html.escape(visible(title)),
        style=style,
        knowledge=_without_markup(_knowledge()).decode(),
        script=script,
    )
    return start.encode(), end.encode()


def _hash(source: str) -> str:
    """Return the source of a policy that allows one element with this text (CSP 3 §2.3.1)."""
    return f"'sha256-{b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"


def _knowledge() -> bytes:
    """Return the values that the script takes from wscli, so that it need not repeat them."""
    return json.dumps({"version": __version__, "unsafe": UNSAFE}).encode()
