"""Values as people write them on the command line: durations, sizes, headers.

Each function is a parameter type of click's: it is given text (or a default), and returns a value.
``headers`` is one through ``HeadersType``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from click import BadParameter, ParamType, get_current_context

from wscli.apps.env import Env
from wscli.errors import UsageError
from wscli.quantities import parse_duration, parse_size

if TYPE_CHECKING:
    from wscli.apps.selection import Moment
    from wscli.payload.matching import JsonPathQuery, Matcher, RegexReplacer

# [USER@]HOST[:PORT][/PATH], where HOST may be an IPv6 address in brackets. It only decides whether
# a word is meant as a URL, so it is lenient; ``net.url`` parses and judges the URL itself.
_ADDRESS = r"""(?x)(?: [^\s/?\#@]+@ )?
    (?P<host> \[[^\s\]/]+\] | \w[^\s:/?\#@\[\]]* ) (?P<port> :[^\s/?]* )? (?P<target> [/?]\S* )?"""

# ws:/HOST, ws:HOST and ws//HOST, but neither ws://HOST nor a host called ws with a port, ws:8080.
_MISTYPED_SCHEME = r"(?i)(wss?|https?)(?::(?!//|\d+(?:[/?]|$))/?|//)(?P<rest>[^/].*)"

_RESOLVE = r"(?P<host>[^:\[\]]+|\[[^\]]+\]):(?P<port>\d+):(?P<address>.+)"
_SPEED = r"([0-9]{1,6}(?:\.[0-9]{1,6})?|\.[0-9]{1,6})x?"
_DIGITS = 18  # any count of that length fits into 64 bits

_STDIN = f"{__name__}.stdin"  # a key in ``Context.meta``, which all contexts of a call share

Header = tuple[str, str | None]


def is_url(word: str) -> bool:
    """Return True if a word that is not a command is meant as a URL."""
    if "://" in word or word.startswith((":", "demo:")):
        return True
    match = re.fullmatch(_ADDRESS, word)
    if match is None:
        return False
    # A name alone may be a misspelt command; a dot, a port or a path makes it an address. A dot at
    # the end alone does not: "help." is a word of a sentence.
    return bool(match["port"] or match["target"] or "." in match["host"].rstrip("."))


def corrected_url(word: str) -> str:
    """Return the URL for ``ws:/HOST``, ``ws:HOST`` or ``ws//HOST``; "" if nothing is mistyped."""
    # Only for a hint: connecting to a guess could send credentials to another host.
    match = re.fullmatch(_MISTYPED_SCHEME, word)
    return f"{match[1].lower()}://{match['rest']}" if match else ""


def url(value: str) -> str:
    """Reject a word that is certainly not a URL; URLs are parsed where they are used."""
    # Reserved for profiles, so that no script comes to rely on another meaning.
    if value.startswith("@"):
        raise BadParameter(f"{value} names a profile, which wscli does not have yet; write the URL")
    if corrected_url(value):
        from wscli.net.redaction import redact_url  # an error may end up in the log of a CI system

        raise BadParameter(f"{redact_url(value)!r} has no :// after the scheme")
    return value


def duration(value: str | float) -> float:
    """Read ``500ms``, ``2s``, ``1m`` or a bare number of seconds; return seconds."""
    # click passes defaults through their type, too, and again if they have been converted: a number
    # must stay the same.
    try:
        return parse_duration(str(value))
    except ValueError as error:
        raise BadParameter(str(error)) from None


def size(value: str | int) -> int:
    """Read ``10k``, ``64KiB``, ``1M`` or a bare number of bytes; return bytes."""
    try:
        return parse_size(str(value))
    except ValueError as error:
        raise BadParameter(str(error)) from None


def count(value: str, least: int = 1) -> int:
    """Read a whole number of at least 1."""
    # Not int(), which also takes "1_000", " 1" and digits of other scripts.
    if not re.fullmatch("-?[0-9]+", value):
        raise BadParameter(f"{value!r} is not a number")
    if len(value) > _DIGITS or int(value) < least:
        raise BadParameter(f"must be {least} or more, and have at most {_DIGITS} digits")
    return int(value)


def count_or_zero(value: str) -> int:
    """Read a whole number of at least 0."""
    return count(value, least=0)


def headers(value: str) -> list[Header]:
    """Read ``Name: value``, ``Name:`` to remove one, ``Name;`` for an empty one, or ``@FILE``.

    ``@-`` reads stdin.
    """
    if not value.startswith("@"):
        return [_header(value)]
    # Blank lines and comments are ignored, so that a file of headers can be annotated.
    try:
        lines = [line.strip() for line in _read(value[1:]).decode().splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise BadParameter(f"cannot read headers from {value[1:]}: {reason}") from None
    return [_header(line) for line in lines if line and not line.startswith("#")]


class HeadersType(ParamType):  # type: ignore[type-arg]  # not generic before click 8.4
    """The parameter type for ``headers``.

    A function as the type would lose the hint of ``claim_stdin``: its UsageError is a ValueError,
    and click replaces every ValueError of a function with an error of its own.
    """

    name = "headers"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the header, or the headers of a file or of stdin."""
        return headers(value)


def _read(name: str) -> bytes:
    if name != "-":
        with open(name, "rb") as file:
            return file.read()
    # Set when click parses without running the command: nothing may be consumed then.
    if get_current_context().resilient_parsing:
        return b""
    return claim_stdin("--header @-").read_stdin()


def claim_stdin(reader: str) -> Env:
    """Return the environment for ``reader``, the only part of this command that reads stdin.

    Raises:
        UsageError: if another part reads it already.
    """
    # The second reader would find an empty stdin, and send an empty message without an error.
    context = get_current_context()
    if _STDIN in context.meta:
        raise UsageError(
            f"stdin can be read only once: for {context.meta[_STDIN]}, or for {reader}",
            hint="@FILE in place of @-",
        )
    context.meta[_STDIN] = reader
    env: Env = context.find_root().obj
    return env


def _header(text: str) -> Header:
    # The three forms of curl's -H. White space around a value is not part of it (RFC 9110 §5.5).
    name, colon, value = text.partition(":")
    if colon:
        return name.strip(), value.strip() or None
    if text.endswith(";"):
        return text[:-1].strip(), ""
    raise BadParameter(f"{text!r} is not a header; write 'Name: value'")


def resolve(value: str) -> tuple[str, int, str]:
    """Read ``HOST:PORT:ADDRESS``, as curl has it."""
    # An IPv6 address may have brackets or not: it is the last part, so its colons do no harm.
    match = re.fullmatch(_RESOLVE, value)
    if match is None:
        raise BadParameter(f"{value!r} is not HOST:PORT:ADDRESS")
    return match["host"].strip("[]"), int(match["port"]), match["address"].strip("[]")


def interval(value: str) -> float:
    """Read a duration greater than zero; return seconds."""
    # With 0 a message would be posted in every turn, without end.
    seconds = duration(value)
    if seconds == 0:
        raise BadParameter("an interval must be longer than 0")
    return seconds


def pattern(value: str) -> Matcher:
    """Read a regular expression, or a JSONPath query."""
    # Compiled while parsing, so that a mistake in it is an error before anything is sent.
    from wscli.payload.matching import parse_matcher

    try:
        return parse_matcher(value)
    except ValueError as error:
        raise BadParameter(str(error)) from None


def replacer(value: str) -> RegexReplacer | None:
    """Read a regular expression; an empty one is None."""
    if not value:
        return None
    from wscli.payload.matching import RegexReplacer

    try:
        return RegexReplacer(value)
    except ValueError as error:
        raise BadParameter(str(error)) from None


def moment(value: str) -> Moment:
    """Read a time of day, a time of RFC 3339, or ``+90s`` after the beginning."""
    from wscli.apps.selection import parse_moment

    try:
        return parse_moment(value)
    except ValueError as error:
        raise BadParameter(str(error)) from None


def query(value: str) -> JsonPathQuery:
    """Read a JSONPath query."""
    from wscli.payload.matching import JsonPathQuery

    try:
        return JsonPathQuery(value)
    except ValueError as error:
        raise BadParameter(str(error)) from None


def speed(value: str) -> float:
    """Read ``2x``, ``0.5x`` or a bare number greater than 0."""
    match = re.fullmatch(_SPEED, value)
    if match is None or float(match[1]) == 0:
        raise BadParameter(f"{value!r} is not a speed; write 2x or 0.5x")
    return float(match[1])


def terminator(value: str) -> bytes:
    r"""Read a terminator of messages, with escapes such as ``\0``."""
    from wscli.payload.typed import unescape

    try:
        end = unescape(value)
    except ValueError as error:
        raise BadParameter(str(error)) from None
    # Every message ends with nothing: the option would do nothing, probably not as intended.
    if not end:
        raise BadParameter("a terminator must have at least one byte")
    return end
