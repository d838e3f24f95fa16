"""Replies by rules: read the TOML file of ``--script``, and find the rule for a message.

A mistake in the file is an error before the server starts, and names the line. A rule that was
silently ignored would look like a bug of the client under test.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from wscli.errors import UsageError
from wscli.net.clock import Clock
from wscli.payload.codecs import HEX, NO_VALUE, TEXT, value_of
from wscli.payload.matching import Matcher, PatternTimeout, parse_matcher
from wscli.payload.message import Message
from wscli.quantities import parse_duration
from wscli.wire.codes import Opcode

_TOP_KEYS = {"otherwise", "rule"}
_RULE_KEYS = {"match", "reply", "delay", "close", "reason"}
_REST = 10  # a slow rule rests for this many times the duration of its search
_EXAMPLE = 'a rule is a table: [[rule]], then match = "^ping" and reply = "pong" on lines below it'


class ScriptReply(NamedTuple):
    """The effect of a rule: after ``delay`` seconds send ``message``, then close with ``close``.

    Either may be None, for no message or no Close.
    """

    message: tuple[int, bytes] | None = None
    delay: float = 0.0
    close: int | None = None
    reason: str = ""


class ScriptRule(NamedTuple):
    """A reply, and the messages that it answers.

    These are the messages that ``matcher`` matches, or that equal the JSON ``value``, which is in
    the form of ``_canonical``; with neither, all messages. ``number`` counts from 1.
    """

    number: int
    reply: ScriptReply
    matcher: Matcher | None = None
    value: str | None = None

    def matches(self, message: Message) -> bool:
        """Return True if the rule applies to this message.

        Raises:
            PatternTimeout: if the search takes too long.
        """
        if self.matcher is not None:
            return self.matcher.matches(message)
        # ``once``, since the message is the same for all rules, and parsing it takes the time.
        return self.value is None or self.value == message.once(_canonical_value)

    def __str__(self) -> str:
        pattern = "" if self.matcher is None else f", match = {self.matcher.text[:60]!r}"
        return f"rule {self.number}{pattern}"


class SlowRule(Exception):
    """The pattern of a rule backtracks for too long; ``first`` is True the first time."""

    def __init__(self, rule: ScriptRule, *, first: bool) -> None:
        super().__init__(f"{rule}: takes too long")
        self.rule = rule
        self.first = first


class Script:
    """The rules in their order; with ``echo``, a message that no rule matches is sent back.

    While a pattern is being searched for, no client is served. A pattern that was abandoned at its
    time limit is therefore not tried again until ten times that time has passed. So these searches
    take at most a tenth of the server's time, however many clients provoke them.
    """

    def __init__(self, rules: tuple[ScriptRule, ...], *, echo: bool) -> None:
        self.rules = rules
        self._echo = echo
        self._clock = Clock()
        self._slow: set[int] = set()  # numbers of rules that have been abandoned
        self._rest_until = 0.0

    def reply_to(self, opcode: int, payload: bytes) -> ScriptReply:
        """Return the reply of the first rule that matches.

        Raises:
            SlowRule: if the pattern of an earlier rule takes too long, or did so recently.
        """
        message = Message(opcode, payload)
        for rule in self.rules:
            if self._matches(rule, message):
                return rule.reply
        return ScriptReply((opcode, payload)) if self._echo else ScriptReply()

    def _matches(self, rule: ScriptRule, message: Message) -> bool:
        began = self._clock.monotonic()
        # One rest for all slow rules: two that took turns would take twice the share of the time.
        if rule.number in self._slow and began < self._rest_until:
            raise SlowRule(rule, first=False)
        try:
            return rule.matches(message)
        except PatternTimeout:
            first = rule.number not in self._slow
            self._slow.add(rule.number)
            now = self._clock.monotonic()
            self._rest_until = now + _REST * (now - began)
            raise SlowRule(rule, first=first) from None


def load_script(name: str) -> Script:
    """Read a script.

    Raises:
        UsageError: if it cannot be used; the evidence is the line with the mistake.
    """
    try:
        text = Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise UsageError(f"cannot read the script {name}", reason or str(error)) from None
    try:
        content = tomllib.loads(text)
        return _read_script(content, Path(name).parent)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"the script {name} is not TOML", str(error), _EXAMPLE) from None
    except RecursionError:
        raise UsageError(f"the script {name} cannot be used: it is nested too deeply") from None
    except _InvalidKey as invalid:
        line = _line_of(text, invalid)
        where = f"line {line}: {text.splitlines()[line - 1].strip()}"
        raise UsageError(f"the script {name} cannot be used: {invalid}", where, _EXAMPLE) from None


class _InvalidKey(Exception):
    """A key that is unknown or has an invalid value, in the rule with this index or at the top."""

    def __init__(self, message: str, key: str, index: int | None = None) -> None:
        super().__init__(message)
        self.key = key
        self.index = index


def _line_of(text: str, invalid: _InvalidKey) -> int:
    """Return the number of the line that sets a key."""
    # tomllib does not report where a key is. The shortest beginning of the file that is valid TOML
    # and has the key ends with the line that sets it.
    lines = text.splitlines()
    # Parsing a long file a thousand times takes a minute, so this begins where the rule's table may
    # begin. A "[[" inside a string is counted too, which can only lead to an earlier line.
    tables = [number for number, line in enumerate(lines, 1) if line.lstrip().startswith("[[")]
    index = invalid.index
    first = 1 if index is None else (*tables[index : index + 1], 1)[0]
    for count in range(first, len(lines) + 1):
        try:
            content = tomllib.loads("\n".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            continue
        if index is not None:
            rules = content.get("rule", [])
            content = rules[index] if len(rules) > index else {}
        if invalid.key in content:
            return count
    return len(lines)


def _read_script(content: dict[str, Any], folder: Path) -> Script:
    for key in content.keys() - _TOP_KEYS:
        raise _InvalidKey(
            f"unknown key {key!r}; a script has {' and '.join(sorted(_TOP_KEYS))}", key
        )
    otherwise = content.get("otherwise", "echo")
    if otherwise not in ("echo", "silent"):
        raise _InvalidKey(f'otherwise must be "echo" or "silent", not {otherwise!r}', "otherwise")
    rules = content.get("rule", [])
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise _InvalidKey("each rule must be a table that begins with [[rule]]", "rule")
    read = tuple(_read_rule(index, rule, folder) for index, rule in enumerate(rules))
    return Script(read, echo=otherwise == "echo")


def _read_rule(index: int, rule: dict[str, Any], folder: Path) -> ScriptRule:
    for key in rule.keys() - _RULE_KEYS:
        raise _InvalidKey(
            f"unknown key {key!r}; a rule has {', '.join(sorted(_RULE_KEYS))}", key, index
        )
    key = "match"  # the key that is being read, for the error
    try:
        matcher, value = _read_match(rule.get("match"))
        key = "reply"
        message = _read_message(rule.get("reply"), folder)
        key = "delay"
        delay = parse_duration(str(rule.get("delay", 0)))
        key = "close"
        close = _read_code(rule.get("close"))
        key = "reason"
        reason = _read_text(rule.get("reason", ""))
    except (ValueError, TypeError, OSError) as error:
        raise _InvalidKey(f"{key}: {error}", key, index) from None
    return ScriptRule(index + 1, ScriptReply(message, delay, close, reason), matcher, value)


def _read_match(match: Any) -> tuple[Matcher | None, str | None]:
    """Read a string as a pattern, and any other value as JSON to compare with."""
    if match is None:
        return None, None
    if isinstance(match, str):
        return parse_matcher(match), None
    return None, _canonical(match)


def _read_message(reply: Any, folder: Path) -> tuple[int, bytes] | None:
    """Read a text, ``@file`` (text if it is UTF-8), ``0x…``, or ``@@text`` for a text with an @."""
    # Files are read once, at the start, so that a reply never waits for the disk.
    if reply is None:
        return None
    text = _read_text(reply)
    if text.startswith("0x"):
        return Opcode.BINARY, HEX.parse(text[2:])
    if not text.startswith("@") or text.startswith("@@"):
        return Opcode.TEXT, TEXT.parse(text.removeprefix("@"))
    payload = (folder / text[1:]).read_bytes()
    try:
        payload.decode()
    except UnicodeDecodeError:
        return Opcode.BINARY, payload
    return Opcode.TEXT, payload


def _read_code(code: Any) -> int | None:
    # Codes that must not be sent are allowed: the script may test how a client reacts. By its
    # type, since True is an int to isinstance.
    if code is not None and (type(code) is not int or not 0 <= code <= 0xFFFF):
        raise ValueError(f"{code!r} is not a close code; write a number such as 1000 or 4001")
    return code


def _read_text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a string; write it in quotes")
    return value


def _canonical(value: Any) -> str:
    # As JSON, to which 1 and true are different; they are equal in Python.
    return json.dumps(value, sort_keys=True)


def _canonical_value(message: Message) -> str | None:
    value = value_of(message)
    try:
        return None if value is NO_VALUE else _canonical(value)
    except RecursionError:  # reading permits deeper nesting than writing
        return None
