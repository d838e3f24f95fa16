"""Commands that send: messages, pings, pongs, Close, and frames of any form."""

from __future__ import annotations

import os
import re

from wscli.errors import UsageError
from wscli.payload.codecs import JSON
from wscli.repl.commands.frame_syntax import OPTIONS, VALUES, parse_frame
from wscli.repl.commands.table import AT_FILE, CommandShell, command
from wscli.wire.codes import CloseCode, Opcode, may_be_sent
from wscli.wire.frames import Frame

_CODES = tuple(str(code.value) for code in CloseCode if may_be_sent(code))
_CONTROL_OPCODES = (Opcode.CLOSE, Opcode.PING, Opcode.PONG)
_MAX_CONTROL = 125  # bytes of a control frame's payload (RFC 6455 §5.5)
_MAX_REASON = _MAX_CONTROL - 2  # the code takes two bytes (§5.5.1)
_MAX_CODE = 0xFFFF
_ESCAPES = r"-e(?:\s|\Z)"


@command("text", "[-e] TEXT|@FILE", words=("-e", AT_FILE))
def send_text(shell: CommandShell, argument: str) -> None:
    r"""Send a text message.

    A line without a slash is sent in the same way. -e replaces \0 \n \r \t \\ \xNN
    and \uNNNN in TEXT. @FILE sends the contents of a file; write @@ for a text that
    begins with @. /text alone sends an empty message.

    /text -e CONNECT\n\n\0
    """
    _send(shell, Opcode.TEXT, argument)


@command("binary", "[-e] DATA|@FILE", words=("-e", "0x", "b64:", AT_FILE))
def send_binary(shell: CommandShell, argument: str) -> None:
    """Send a binary message: 0xHEX, b64:BASE64 or @FILE.

    Any other DATA is sent as UTF-8; -e replaces escapes in it, as in /text.

    /binary 0x00ff10
    /binary b64:AP8Q
    /binary @image.png
    """
    _send(shell, Opcode.BINARY, argument)


def _send(shell: CommandShell, opcode: Opcode, argument: str) -> None:
    escapes = re.match(_ESCAPES, argument)
    text = argument[escapes.end() :] if escapes else argument
    shell.send(opcode, shell.read_payload(text, opcode, escapes=escapes is not None))


@command("json", "JSON|@FILE", words=(AT_FILE,))
def send_json(shell: CommandShell, argument: str) -> None:
    """Check JSON, and send it without white space.

    Numbers, strings and the order of keys stay as they were typed.
    """
    # Parsed and written again, 1.10 would become 1.1: the codec removes white space from the text
    # instead.
    text = shell.read_payload(argument, Opcode.TEXT).decode()
    try:
        payload = JSON.parse(text)
    except ValueError as error:
        raise UsageError(str(error), hint="a line without /json sends any text") from None
    shell.send(Opcode.TEXT, payload)


@command("ping", "[DATA]")
def send_ping(shell: CommandShell, argument: str) -> None:
    """Send a ping, and show the round-trip time of its pong."""
    payload = argument.encode() or os.urandom(4)
    # Before it is posted: the link's thread may have the pong before this thread goes on.
    shell.display.expect(payload)
    shell.session().post_ping(payload)


@command("pong", "[DATA]")
def send_pong(shell: CommandShell, argument: str) -> None:
    """Send an unsolicited pong."""
    payload = argument.encode()
    if len(payload) > _MAX_CONTROL:
        raise UsageError(f"a pong has at most 125 bytes, and this has {len(payload)}")
    # RFC 6455 §5.5.3: "A Pong frame MAY be sent unsolicited."
    shell.display.expect(payload)
    shell.session().post_frame(Frame(Opcode.PONG, payload, mask_key=os.urandom(4)))


@command("close", "[CODE [REASON]]", words=_CODES)
def send_close(shell: CommandShell, argument: str) -> None:
    """Close the connection with CODE, 1000 by default.

    /close 4001 try again later
    """
    code, reason = parse_close(argument)
    shell.session().begin_close(code, reason)


@command("frame", "[OPTION]... DATA", words=(*OPTIONS, AT_FILE), values=VALUES)
def send_frame(shell: CommandShell, argument: str) -> None:
    """Send any frame, even one that breaks the protocol.

    --opcode OPCODE     0x0 to 0xf, text, binary, continuation, close, ping, pong
    --rsv BITS          reserved bits to set: 1, 2, 3, or several such as 1,3
    --no-fin            send a fragment; more follow with --opcode continuation
    --no-mask           send it unmasked, as only a server may
    --mask-key HEX      four bytes in hex; random by default
    --length-bits BITS  width of the length field: 7, 16 or 64 (default: least)
    DATA                text, "text", 0xHEX, b64:BASE64 or @FILE; never compressed

    /frame --opcode 0x3 --rsv 1 --no-fin --no-mask "text"
    /frame --no-fin "in two "
    /frame --opcode continuation "fragments"
    """
    # The payload is read as binary whatever the opcode is: text that is not UTF-8 is one of the
    # violations that can be sent.
    described = parse_frame(argument, lambda text: shell.read_payload(text, Opcode.BINARY))
    session = shell.session()
    # By default a display leaves out control frames; those that the user sends are shown.
    if described.opcode in _CONTROL_OPCODES:
        shell.display.expect(described.payload)
    session.post_frame(described)


def parse_close(argument: str) -> tuple[int, str]:
    """Return the code and the reason in an argument of ``/close``.

    Raises:
        UsageError: if they may not be sent (RFC 6455 §7.4).
    """
    number, _, reason = argument.strip().partition(" ")
    if not number:
        return CloseCode.NORMAL_CLOSURE, ""
    # §7.4.1: 1005, 1006 and 1015 "MUST NOT be set as a status code in a Close control frame".
    if not re.fullmatch("[0-9]{1,5}", number) or not may_be_sent(int(number)):
        raise UsageError(
            f"{number!r} is not a close code that may be sent (RFC 6455 §7.4)",
            hint=_close_hint(number),
        )
    if len(reason.encode()) > _MAX_REASON:
        raise UsageError(f"a reason has at most {_MAX_REASON} bytes")
    return int(number), reason


def _close_hint(number: str) -> str:
    allowed = "1000 to 1003, 1007 to 1014 and 3000 to 4999 may be sent"
    if not re.fullmatch("[0-9]{1,5}", number) or int(number) > _MAX_CODE:
        return allowed
    return f"{allowed}; /frame --opcode close 0x{int(number):04x} sends {number} anyway"
