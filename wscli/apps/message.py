"""Messages as people write them: the text itself, a file, hex, base64."""

from __future__ import annotations

from typing import NamedTuple

from wscli.apps.automation import Automation, AutoReply, Repeat, split_answer
from wscli.apps.env import Env
from wscli.errors import UsageError
from wscli.payload.codecs import HEX, TEXT
from wscli.payload.typed import terminated, unescape
from wscli.session.pipeline import Stage
from wscli.wire.codes import Opcode

_ENCODINGS = ("0x", "b64:")


class Sending(NamedTuple):
    """The sending options: how texts become messages, and which are sent automatically.

    With ``escapes``, escapes in typed text are replaced. ``end`` is added to messages that lack it.
    ``answers`` and ``repeats`` are passed to ``Automation``.
    """

    opcode: Opcode = Opcode.TEXT
    escapes: bool = False
    end: bytes = b""
    answers: tuple[AutoReply, ...] = ()
    repeats: tuple[Repeat, ...] = ()

    def read(self, text: str, env: Env) -> bytes:
        """Return the payload that a text on the command line stands for, with its terminator.

        Raises:
            UsageError: if it cannot be read or decoded.
        """
        return terminated(read_message(text, self.opcode, env, escapes=self.escapes), self.end)

    def automation(self) -> Automation:
        """Return the stage that posts the answers and the repeated messages."""
        return Automation(self.opcode, self.answers, self.repeats)

    def stages(self) -> list[Stage]:
        """Return that stage in a list, which is empty if there is nothing to post."""
        # Without stages a batch reaches the sinks untouched, and the driver need not ask for
        # deadlines.
        return [self.automation()] if self.answers or self.repeats else []


def with_automation(
    sending: Sending, answers: tuple[str, ...], repeats: tuple[tuple[float, str], ...], env: Env
) -> Sending:
    """Return sending options with answers, each ``MATCH=REPLY``, and pairs of interval and message.

    Raises:
        UsageError: if one of them cannot be read.
    """
    return sending._replace(
        answers=tuple(_read_answer(text, sending, env) for text in answers),
        repeats=tuple(Repeat(interval, sending.read(text, env)) for interval, text in repeats),
    )


def _read_answer(text: str, sending: Sending, env: Env) -> AutoReply:
    try:
        matcher, reply = split_answer(text)
    except ValueError as error:
        raise UsageError(str(error), hint="--answer '^2$=3', as in Engine.IO") from None
    return AutoReply(matcher, sending.read(reply, env))


def read_message(text: str, opcode: Opcode, env: Env, *, escapes: bool = False) -> bytes:
    """Return a payload: the content of a file for @FILE, otherwise that of ``read_typed``.

    Raises:
        UsageError: if it cannot be read or decoded.
    """
    # @FILE as in curl's -d; @@ begins a text that begins with @.
    if text.startswith("@@"):
        return read_typed(text[1:], opcode, escapes=escapes)
    # The content of a file is never changed: no escapes, and, unlike curl's -d, no line feeds
    # removed.
    if text.startswith("@"):
        return _checked(_read_file(text[1:], env), text, opcode)
    return read_typed(text, opcode, escapes=escapes)


def read_typed(text: str, opcode: Opcode, *, escapes: bool = False) -> bytes:
    """Return a payload: the text itself, or decoded 0x or b64: if binary.

    Raises:
        UsageError: if it cannot be decoded.
    """
    # In a text message these are ordinary characters: `send URL 0x1F` sends four letters.
    if opcode == Opcode.BINARY and text.startswith(_ENCODINGS):
        return _decode(text)
    try:
        payload = unescape(text) if escapes else TEXT.parse(text)
    except ValueError as error:
        hint = r"\\ is a backslash" if escapes else ""
        raise UsageError(f"the message {text[:40]!r} cannot be read", str(error), hint) from None
    return _checked(payload, text, opcode)


def _checked(payload: bytes, text: str, opcode: Opcode) -> bytes:
    """Return the payload of a message, or raise ``UsageError`` for text that is not UTF-8."""
    # RFC 6455 §5.6: "The 'Payload data' is text data encoded as UTF-8." A peer must fail the
    # connection otherwise (§8.1), so the mistake is reported before anything is sent.
    if opcode == Opcode.TEXT:
        try:
            payload.decode()
        except UnicodeDecodeError as error:
            name = f"the message {text[:40]!r}"
            raise not_utf8(name, error, "--binary sends any bytes") from None
    return payload


def _read_file(name: str, env: Env) -> bytes:
    try:
        if name == "-":
            return env.read_stdin()
        with open(name, "rb") as file:
            return file.read()
    except OSError as error:
        raise UsageError(
            f"cannot read the message from {name!r}",
            error.strerror or str(error),
            "@FILE sends a file, @- sends stdin; a text that begins with @ is written @@",
        ) from None


def _decode(text: str) -> bytes:
    try:
        if text.startswith("0x"):
            return HEX.parse(text[2:])
        import base64  # only this form needs it

        # Without ``validate``, characters outside of the alphabet would be skipped in silence.
        return base64.b64decode(text[4:], validate=True)
    except ValueError as error:
        raise UsageError(
            f"{text[:40]!r} cannot be decoded", str(error), "0xHEX, b64:BASE64 or @FILE"
        ) from None


def not_utf8(name: str, error: UnicodeDecodeError, hint: str) -> UsageError:
    """Return the error for a text message that is not UTF-8 (RFC 6455 §5.6)."""
    octets = error.object[error.start : error.end].hex(" ")
    evidence = f"{octets} at byte {error.start:,}: {error.reason}"
    return UsageError(f"{name} is not UTF-8, as text must be", evidence, hint)
