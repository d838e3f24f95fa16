"""The syntax of ``/frame``: options and a payload that describe any frame, legal or not.

Every field of RFC 6455 §5.2 can be set, and hardly anything is checked: a tester wants to see how a
server takes a frame that no client should send. Only frames that cannot be written are refused.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from wscli.errors import UsageError
from wscli.wire.codes import Opcode
from wscli.wire.frames import Frame

OPTIONS = ("--opcode", "--rsv", "--no-fin", "--no-mask", "--mask-key", "--length-bits")
"""The options, for completion."""

VALUES = {
    "--opcode": ("0x", *(opcode.name.lower() for opcode in Opcode)),
    "--rsv": ("1", "2", "3"),
    "--mask-key": ("00000000",),
    "--length-bits": ("7", "16", "64"),
}
"""The values of options, for completion."""

_OPTION = r"(?s)(--[a-z-]*)\s*(.*)"
_WORD = r"(?s)(\S*)\s*(.*)"
_FLAGS = ("--no-fin", "--no-mask")

# The longest payload for each width of the length field. In 7 bits 126 and 127 announce the other
# two widths (RFC 6455 §5.2); no payload in memory comes near the limit of 64 bits.
_LIMITS = {"7": 125, "16": 0xFFFF, "64": 1 << 62}


def parse_frame(argument: str, read_payload: Callable[[str], bytes]) -> Frame:
    """Return the frame that the options and the payload after them describe.

    Raises:
        UsageError: for an unknown option or an invalid value.
    """
    options, rest = _split(argument)
    payload = read_payload(_unquote(rest))
    form = options.get("--length-bits")
    if form is not None and len(payload) > _length_limit(form):
        raise UsageError(f"{len(payload):,} bytes do not fit a length field of {form} bits")
    return Frame(
        _opcode(options.get("--opcode", "text")),
        payload,
        fin="--no-fin" not in options,
        rsv=_rsv(options.get("--rsv", "")),
        mask_key=_mask_key(options),
        length_form=int(form) if form else None,
    )


def _split(argument: str) -> tuple[dict[str, str], str]:
    """Return the options with their values, and the rest of the argument."""
    # Not shlex: the payload behind the options must stay as it was typed, quotes, backslashes and
    # runs of spaces included.
    options: dict[str, str] = {}
    rest = argument.lstrip()
    while match := re.fullmatch(_OPTION, rest):
        name, rest = match[1], match[2]
        # As in every POSIX utility, "--" ends the options.
        if name == "--":
            break
        if name not in OPTIONS:
            raise UsageError(f"/frame has no option {name}", hint=", ".join(OPTIONS))
        value = ""
        if name not in _FLAGS:
            value, rest = re.fullmatch(_WORD, rest).groups()  # type: ignore[union-attr]
        options[name] = value
    return options, rest


def _unquote(text: str) -> str:
    # Quotes around the whole payload show where it begins and ends: "in two " has a space at its
    # end. Quotes anywhere else are part of it.
    quoted = len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if quoted else text


def _opcode(text: str) -> int:
    named = {opcode.name.lower(): opcode.value for opcode in Opcode}
    if text in named:
        return named[text]
    # Base 0 reads 0x3 and 3 alike. The field has four bits, and reserved opcodes are allowed.
    try:
        opcode = int(text, 0)
    except ValueError:
        opcode = -1
    if not 0 <= opcode <= 0xF:
        raise UsageError(
            f"{text!r} is not a valid opcode", hint=f"0x0 to 0xf, or {', '.join(named)}"
        )
    return opcode


def _rsv(text: str) -> int:
    """Return the bits for numbers such as ``1`` or ``2,3``; RSV1 is the highest of the three."""
    bits = 0
    for number in filter(None, text.split(",")):
        if number not in ("1", "2", "3"):
            raise UsageError(f"{number!r} is not a reserved bit", hint="--rsv 1, --rsv 2,3")
        bits |= 8 >> int(number)
    return bits


def _mask_key(options: dict[str, str]) -> bytes | None:
    if "--no-mask" in options:
        return None
    text = options.get("--mask-key")
    if text is None:
        return os.urandom(4)
    try:
        key = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        key = b""
    if len(key) != 4:
        raise UsageError(
            f"{text!r} is not a valid mask key", hint="four bytes in hex: --mask-key 00000000"
        )
    return key


def _length_limit(form: str) -> int:
    if form not in _LIMITS:
        raise UsageError(f"{form!r} is not a width of the length field", hint="7, 16 or 64 bits")
    return _LIMITS[form]
