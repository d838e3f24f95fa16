"""What tshark makes of a capture: the frames of WebSockets, and whatever it finds wrong."""

import shutil
import subprocess
from typing import NamedTuple
from xml.etree import ElementTree

import pytest

_CHECKS = ("-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE")
_WARNING = 0x600000  # PI_WARN; below are comments, chats and notes
_INTENDED = ("Connection reset (RST)",)


class DissectedFrame(NamedTuple):
    """A frame; ``payload`` is that of the message that it ends, and None if that is empty."""

    stream: int
    from_client: bool
    fin: bool
    rsv: int
    opcode: int
    mask_key: str | None
    payload: bytes | None


class Dissection(NamedTuple):
    """All frames in their order, and what tshark calls wrong."""

    frames: list[DissectedFrame]
    problems: list[str]
    comments: list[str]


def need_tshark():
    """Skip the test where tshark is not installed."""
    if not shutil.which("tshark"):
        pytest.skip("tshark is not installed")


def dissect(path, port=80):
    """Dissect a capture, in which the servers have this port.

    On loopback the system computes no checksums, so they are checked on port 80 only, which is the
    port in captures of our own making.
    """
    options = _CHECKS if port == 80 else ["-d", f"tcp.port=={port},http"]
    command = ["tshark", "-r", str(path), *options, "-T", "pdml"]
    done = subprocess.run(command, capture_output=True, check=True)
    found = Dissection([], [], [])
    for packet in ElementTree.fromstring(done.stdout).iter("packet"):  # noqa: S314 tshark's own
        _read_packet(packet, port, found)
    return found


def follow(path, count):
    """Return the bytes that each of ``count`` streams carried: the client's, and the server's."""
    from tests.interop.witness import read_streams

    words = [word for number in range(count) for word in ("-z", f"follow,tcp,raw,{number}")]
    command = ["tshark", "-r", str(path), "-q", *words]
    streams = read_streams(subprocess.run(command, capture_output=True, check=True).stdout)
    return [streams[number] for number in range(count)]


def _read_packet(packet, port, found):
    values = {field.get("name"): field.get("show") for field in packet.iter("field")}
    number = values["frame.number"]
    for field in packet.iter("field"):
        name, show = field.get("name"), field.get("show")
        if name == "_ws.expert" and (problem := _problem(field)):
            found.problems.append(f"{number}: {problem}")
        elif name in ("tcp.checksum.status", "ip.checksum.status") and show != "1":
            found.problems.append(f"{number}: {name} {show}")
        elif name == "frame.comment":
            found.comments.append(show)
    stream = int(values["tcp.stream"])
    from_client = int(values["tcp.dstport"]) == port
    protocols = list(packet)
    for index, protocol in enumerate(protocols):
        if protocol.get("name") == "websocket":
            rest = protocols[index + 1 :]
            found.frames.append(DissectedFrame(stream, from_client, *_read_frame(protocol, rest)))


def _problem(expert):
    values = {field.get("name"): field.get("show") for field in expert}
    message = values["_ws.expert.message"]
    is_wrong = int(values["_ws.expert.severity"]) >= _WARNING and message not in _INTENDED
    return message if is_wrong else ""


def _read_frame(protocol, rest):
    fields = {field.get("name"): field for field in protocol.iter("field")}
    key = fields.get("websocket.masking_key")
    return (
        fields["websocket.fin"].get("show") == "1",
        int(fields["websocket.rsv"].get("show"), 16),
        int(fields["websocket.opcode"].get("show")),
        None if key is None else key.get("value"),
        _payload(fields, rest),
    )


def _payload(fields, rest):
    """Return the payload as tshark shows it, inflated; binary data is a protocol of its own."""
    close = [fields.get(f"websocket.payload.close.{name}") for name in ("status_code", "reason")]
    if any(field is not None for field in close):
        return b"".join(bytes.fromhex(each.get("value")) for each in close if each is not None)
    for kind in ("text", "ping", "pong"):
        if (field := fields.get(f"websocket.payload.{kind}")) is not None:
            return bytes.fromhex(field.get("value"))
    for protocol in rest:
        if protocol.get("name") == "websocket":
            break
        for field in protocol.iter("field"):
            if field.get("name") == "data.data":
                return bytes.fromhex(field.get("value"))
    return None
