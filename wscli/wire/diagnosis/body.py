"""Bodies as people can read them: text as it is, HTML without its markup."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wscli.wire.head import Response

_SHOWN = 2 << 10  # bytes
_SHOWN_LINES = 20  # of a page's text
_PARSED = 16 << 10  # bytes of a page that are parsed: html.parser is slow on hostile markup
_HIDDEN = frozenset({"script", "style", "template", "noscript", "svg"})
_INLINE = frozenset({"a", "abbr", "b", "code", "em", "i", "small", "span", "strong", "tt", "u"})


def decode_body(body: bytes) -> str:
    """Decode a body as UTF-8; what is not UTF-8 becomes U+FFFD."""
    return body.decode(errors="replace")


def show_body(response: Response, body: bytes) -> str:
    """Return a body to show: at most 2 KiB, of HTML the text and at most 20 lines.

    The last line says how much was left out.
    """
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
    """Return the text of a page: no tags, scripts or styles, entities decoded, no empty lines."""
    from html.parser import HTMLParser

    class TextOf(HTMLParser):
        """Collects text; the tags that are not inline end a line."""

        def __init__(self) -> None:
            super().__init__(convert_charrefs=True)
            self.text: list[str] = []
            self._hidden: list[str] = []
            self._preformatted = False

        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag in _HIDDEN:
                self._hidden.append(tag)
            self._preformatted = self._preformatted or tag == "pre"
            self._break(tag)

        def handle_endtag(self, tag: str) -> None:
            if tag in self._hidden:
                self._hidden.remove(tag)
            self._preformatted = self._preformatted and tag != "pre"
            self._break(tag)

        def handle_data(self, data: str) -> None:
            if not self._hidden:
                self.text.append(data if self._preformatted else re.sub(r"\s+", " ", data))

        def _break(self, tag: str) -> None:
            if tag not in _INLINE:
                self.text.append("\n")

    parser = TextOf()
    parser.feed(markup)
    parser.close()
    lines = [line.strip() for line in "".join(parser.text).splitlines()]
    # A page's title and its heading often say the same.
    full = [line for line in lines if line]
    return [line for index, line in enumerate(full) if not index or line != full[index - 1]]
