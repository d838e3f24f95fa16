"""Make bodies readable: text as it is, HTML without its markup.

The error page of a framework has its one helpful sentence inside kilobytes of markup and styles, so
that showing the source would hide it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wscli.wire.head import Response

# The limits keep the error itself on the screen: a stack trace in HTML may be a megabyte.
_SHOWN = 2 << 10  # bytes
_SHOWN_LINES = 20  # of a page's text
_PARSED = 16 << 10  # bytes of a page that are searched for text
_TAG = r"<([/?]?[A-Za-z][\w:-]*)[^<>]*>"  # stops at another "<", for linear time
_HIDDEN = frozenset({"script", "style", "template", "noscript", "svg"})
# Any other element starts a new line. In these, a line break would fall inside a sentence.
_INLINE = frozenset({"a", "abbr", "b", "code", "em", "i", "small", "span", "strong", "tt", "u"})


def decode_body(body: bytes) -> str:
    """Decode a body as UTF-8; invalid bytes become U+FFFD."""
    return body.decode(errors="replace")


def show_body(response: Response, body: bytes) -> str:
    """Return the part of a body to show: at most 2 KiB, and of HTML at most 20 lines of its text.

    If something was left out, the last line says how much.
    """
    # A compressed body is named and not decoded: the request does not offer a coding, so only
    # a broken server sends one, and inflating it would need limits of its own.
    coding = response.headers.get("Content-Encoding") or "identity"
    if body and coding.lower() != "identity":
        return f"[{len(body):,} bytes, {coding}]"
    if "html" in (response.headers.get("Content-Type") or "").lower() and b"<" in body:
        return _show_html(body)
    shown = decode_body(body[:_SHOWN]).strip()
    return f"{shown}\n[{len(body):,} bytes in all]" if len(body) > _SHOWN else shown


def _show_html(body: bytes) -> str:
    lines = html_lines(decode_body(body[:_PARSED]))
    shown = "\n".join(lines[:_SHOWN_LINES])[:_SHOWN]
    left_out = len(lines) - shown.count("\n") - 1
    notes = [f"{left_out:,} more lines"] if left_out > 0 else []
    if notes or len(body) > _PARSED:
        notes.append(f"{len(body):,} bytes of HTML in all")
    return "\n".join(filter(None, [shown, f"[{', '.join(notes)}]" if notes else ""]))


def html_lines(markup: str) -> list[str]:
    """Return the text of a page: no tags, scripts or styles, entities decoded, no empty lines.

    It takes linear time for any markup.
    """
    # Why not html.parser: it takes half a minute for 16 KiB of "<a ", and raises AssertionError for
    # "<![<![". A server must not be able to do that to its clients.
    from html import unescape

    text = []
    hidden = ""
    preformatted = False
    # re.split() returns text and names of tags in turn, since _TAG has one group: text is even.
    for index, piece in enumerate(re.split(_TAG, _without_declarations(markup))):
        if index % 2 == 0:
            if not hidden:
                decoded = unescape(piece)
                text.append(decoded if preformatted else re.sub(r"\s+", " ", decoded))
            continue
        name = piece.lower()
        if hidden or name in _HIDDEN:
            hidden = "" if name == f"/{hidden}" else hidden or name
        preformatted = name == "pre" or (preformatted and name != "/pre")
        if name.lstrip("/") not in _INLINE:
            text.append("\n")
    lines = [line.strip() for line in "".join(text).splitlines() if line.strip()]
    # A page's title and its heading are often the same, as in nginx's.
    return [line for index, line in enumerate(lines) if not index or line != lines[index - 1]]


def _without_declarations(markup: str) -> str:
    kept = []
    pos = 0
    while (start := markup.find("<!", pos)) >= 0:
        kept.append(markup[pos:start])
        mark = "-->" if markup.startswith("<!--", start) else ">"
        end = markup.find(mark, start)
        pos = end + len(mark) if end >= 0 else len(markup)
    return "".join([*kept, markup[pos:]])
