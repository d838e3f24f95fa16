"""A frame that broke a rule is shown in every output, even if only a part of it has arrived."""

import base64
import json

import pytest

from tests.program import call
from tests.raw import Client
from wscli.sinks.ndjson import NdjsonSink
from wscli.sinks.output import Output
from wscli.wire.frames import Frame

CASES = {
    "a header refused on sight": (Frame(9, bytes(65536)).to_bytes()[:10], "oversize-control"),
    "a frame that begins": (Frame(0x3, b"reserved").to_bytes()[:6], "reserved-opcode"),
    "text in the middle of a frame": (Frame(1, b"caf\xe9 au lait").to_bytes()[:8], "text-utf8"),
}


@pytest.fixture(params=CASES.values(), ids=CASES)
def offender(scripted, request):
    """A server that sends a good frame and a part of a bad one, and the bytes of that part."""
    wire, rule = request.param

    def script(peer):
        # In one segment: a header that breaks a rule is refused without waiting for the rest.
        peer.accept(then=Frame(1, b"good").to_bytes() + wire)
        assert peer.expect_close().reason == rule

    return scripted(script).url, wire


def test_vvv_shows_the_bytes(offender):
    url, wire = offender
    result = call("listen", "-vvv", url)
    assert result.status == 7
    assert f"incomplete: {len(shown_payload(wire)):,} received" in result.err
    assert wire[:8].hex(" ") in result.err.replace("  ", " ")


def shown_payload(wire):
    return wire[10:] if wire[1] == 127 else wire[2:]


def offending(lines):
    """Return the only incomplete frame among events as JSON."""
    frames = [event for event in map(json.loads, lines) if event["event"] == "frame"]
    (frame,) = [frame for frame in frames if not frame.get("complete", True)]
    return frame


def test_json_shows_the_received_part_of_the_frame(offender):
    url, wire = offender
    result = call("listen", "--json", "-vv", url)
    frame = offending(result.out.splitlines())
    payload = shown_payload(wire)
    assert (frame["size"], frame["wire_size"]) == (len(payload), len(wire))
    assert frame["length"] > frame["size"]
    assert frame.get("text", "").encode() or base64.b64decode(frame["base64"]) == payload


def test_a_recording_has_the_frame(offender, tmp_path):
    url, wire = offender
    recording = tmp_path / "recording.ndjson"
    call("listen", "-vv", "--record", recording, url)
    assert offending(recording.read_text().splitlines())["wire_size"] == len(wire)


def test_the_servers_recording_has_the_frame(serve, tmp_path):
    server = serve()
    path = tmp_path / "recording.ndjson"
    with path.open("wb", buffering=0) as stream:
        server.sinks[1] = NdjsonSink(Output(stream), frames=True)
        with Client(server) as client:
            client.open()
            client.send(Frame(0x3, b"reserved", mask_key=bytes(4)).to_bytes()[:9])
            assert client.closed().reason == "reserved-opcode"
        server.visit()
    frame = offending(path.read_text().splitlines())
    assert (frame["opcode"], frame["length"], frame["wire_size"]) == ("reserved-0x3", 8, 9)
