"""Find secrets in heads and texts, and replace them there and wherever they occur again.

Servers repeat tokens in redirects, bodies and messages. So a value that was found in one place, by
the name of its header or parameter, is searched for in every other text.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator, Sequence
from typing import Protocol
from urllib.parse import unquote_plus

from wscli.net.redaction import is_secret_header, is_secret_parameter

MARK = "REDACTED"
"""The replacement of a secret: valid in a URL, a header and a string of JSON."""

_LINE = r"[^\n]*\n|[^\n]+"
_HEADER = r"(?s)([!#$%&'*+.^_`|~0-9A-Za-z-]+)([ \t]*:[ \t]*)(.*?)(\r?\n?)"
_START_LINE = r"(HTTP/\S+ \d{3} |(?!HTTP/)\S+ )(.*?)( HTTP/\S+\s*|\s*)"
_FOLDED = (" ", "\t")  # the value goes on (RFC 9112 §5.2)
_PARAMETER = r"([?&;])([^=&?#;\s\"'<>]+)=([^&#;\s\"'<>]+)"
_USERINFO = r"://[^/?#\s@\"'<>]+@"
_LEAST = 6  # characters; a shorter value is replaced only where it was found


class Replacer(Protocol):
    """A pattern of the user's."""

    def replace(self, text: str, replacement: str) -> str:
        """Return a text with a replacement in place of all that matches."""


class Secrets:
    """The secrets that are known so far, and the user's patterns for others.

    If a pattern raises ``give_up`` because its search takes too long, the whole text is replaced.
    """

    def __init__(
        self, patterns: Sequence[Replacer] = (), give_up: type[Exception] = TimeoutError
    ) -> None:
        self._patterns = patterns
        self._give_up = give_up
        self._known: set[str] = set()
        self._any_known: re.Pattern[str] | None = None

    def learn_head(self, head: bytes) -> None:
        """Remember the secrets of a head."""
        text = head.decode("latin-1")
        self.learn_parameters(text)
        secret = ""  # the name of the secret header whose value goes on
        for line in re.findall(_LINE, text):
            header = re.fullmatch(_HEADER, line)
            if secret and line.startswith(_FOLDED):
                self._learn(line.strip())
            elif header is not None:
                secret = header[1].lower() if is_secret_header(header[1]) else ""
                self._learn_all(_parts(secret, header[3]) if secret else [])

    def learn_parameters(self, text: str) -> None:
        """Remember the secrets in the queries of a text."""
        for _, name, value in re.findall(_PARAMETER, text):
            if is_secret_parameter(unquote_plus(name)):
                self._learn_all([value, unquote_plus(value)])

    def head(self, head: bytes) -> bytes:
        """Return a head without secrets; it has the same headers, and remains valid."""
        line, feed, rest = head.decode("latin-1").partition("\n")
        if match := re.fullmatch(_START_LINE, line):
            # The head is parsed again, so a pattern must not replace method, status or version.
            before, changing, after = match.groups()
            line = f"{before}{self._plain(changing)}{after}"
        else:
            line = self.text(line)
        return f"{line}{feed}{self.text(rest)}".encode("latin-1")

    def text(self, text: str) -> str:
        """Return a text without secrets; it may have a head, and URLs."""
        return "".join(self._lines(text))

    def payload(self, payload: bytes) -> bytes:
        """Return a payload without known secrets and matches of the user's patterns."""
        try:
            return self.value(payload.decode()).encode()
        except UnicodeDecodeError:
            return self.value(payload.decode("latin-1")).encode("latin-1")

    def value(self, text: str) -> str:
        """Return a text without known secrets and matches of the user's patterns."""
        if (known := self._known_pattern()) is not None:
            text = known.sub(MARK, text)
        try:
            for pattern in self._patterns:
                text = pattern.replace(text, MARK)
        except self._give_up:
            return MARK
        return text

    def _lines(self, text: str) -> Iterator[str]:
        secret = False
        for line in re.findall(_LINE, text):
            header = re.fullmatch(_HEADER, line)
            if secret and line.startswith(_FOLDED):
                continue
            secret = header is not None and is_secret_header(header[1])
            if header is None:
                content = line.rstrip("\r\n")
                yield self._plain(content) + line[len(content) :]
            else:
                yield header[1] + header[2]
                yield MARK if secret and header[3] else self._plain(header[3])
                yield header[4]

    def _plain(self, text: str) -> str:
        text = re.sub(_USERINFO, f"://{MARK}@", text)
        return self.value(re.sub(_PARAMETER, _replace_parameter, text))

    def _learn_all(self, secrets: list[str]) -> None:
        for secret in secrets:
            self._learn(secret)

    def _learn(self, secret: str) -> None:
        if len(secret) < _LEAST or secret in self._known:
            return
        self._known |= {secret, *_as_utf8(secret)}
        self._any_known = None

    def _known_pattern(self) -> re.Pattern[str] | None:
        # Compiled when it is needed, not for each of the secrets that a head has.
        if self._any_known is None and self._known:
            # The longest first: one may contain another.
            longest_first = sorted(self._known, key=len, reverse=True)
            self._any_known = re.compile("|".join(map(re.escape, longest_first)))
        return self._any_known


def _replace_parameter(match: re.Match[str]) -> str:
    before, name, value = match.groups()
    return f"{before}{name}={MARK if is_secret_parameter(unquote_plus(name)) else value}"


def _as_utf8(text: str) -> list[str]:
    """Return a text from a head, which was read as Latin-1, as UTF-8, if it is that."""
    try:
        return [text.encode("latin-1").decode()]
    except UnicodeError:
        return []


def _parts(name: str, value: str) -> list[str]:
    """Return the secrets in the value of a header: all of it, and its parts."""
    if name == "cookie":
        pairs = value.split(";")
    elif name == "set-cookie":
        pairs = value.split(";")[:1]
    else:
        _, _, credentials = value.partition(" ")
        return [value, credentials, *_basic(credentials)]
    return [value, *(pair.partition("=")[2].strip(' "') for pair in pairs)]


def _basic(credentials: str) -> list[str]:
    """Return user and password of Basic authentication (RFC 7617), and the password."""
    try:
        pair = b64decode(credentials, validate=True).decode()
    except ValueError:
        return []
    return [pair, pair.partition(":")[2]]
