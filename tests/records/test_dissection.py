"""tshark dissects a capture made from a recording, down to every frame and byte."""

import json
from base64 import b64decode

import pytest

from tests import tshark
from tests.interop.witness import shown_as_events
from tests.program import call
from wscli.wire.codes import Opcode

LARGE = 200_000
SIZES = [0, 1, 125, 126, 65535, 65536, LARGE]
OPCODES = {opcode.name.lower(): opcode for opcode in Opcode}


def sessions(folder):
    """Yield the words of commands that make connections of every kind."""
    texts, binaries = [], []
    for size in SIZES:
        path = folder / f"payload{size}"
        path.write_bytes((bytes(range(32, 127)) * (size // 95 + 1))[:size])
        texts.append(f"@{path}")
        binaries.append(f"@{path}")
    # tshark 4.0 inflates neither an empty message nor one in fragments.
    yield "send", "demo:", *texts[1:]
    yield "send", "-b", "demo:", *binaries[1:]
    yield "send", "--no-compress", "demo:", *texts
    yield "send", "--no-compress", "--fragment", "50", "demo:/echo?fragment=40", *texts[:4]
    yield "ping", "-c", "2", "-i", "0", "demo:"
    yield "listen", "demo:/close?code=4001&reason=Gr%C3%BC%C3%9Fe"
    yield "listen", "demo:/close?code=1000"
    yield "listen", "demo:/fault/drop"
    yield "listen", "demo:/status/403"


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A recording with frames, its capture, and the number of connections."""
    tshark.need_tshark()
    folder = tmp_path_factory.mktemp("capture")
    recording, capture = folder / "recording.jsonl", folder / "capture.pcapng"
    commands = list(sessions(folder))
    for command, *rest in commands:
        result = call(command, "-vv", "--record", recording, "--append", *rest)
        assert result.status in (0, 5, 8, 9), result.err
    result = call("export", recording, "--to", "pcapng", "-o", capture)
    assert (result.status, result.err) == (0, "")
    return recording, capture, len(commands)


@pytest.fixture(scope="module")
def dissected(exported):
    return tshark.dissect(exported[1])


def connections(recording):
    """Return the events of each connection, as JSON; an attempt that failed is one too."""
    found = [[]]
    for line in recording.read_bytes().splitlines():
        event = json.loads(line)
        if event["event"] in ("step", "open", "frame", "message", "ping", "pong", "close"):
            found[-1].append(event)
        if event["event"] == "close" or event.get("opening"):
            found.append([])
    return [events for events in found if events]


def payload_of(event):
    return event["text"].encode() if "text" in event else b64decode(event["base64"])


def expected_frames(events):
    """Yield the fields of each frame, with the payload of the message that it ends."""
    for index, event in enumerate(events):
        if event["event"] != "frame":
            continue
        opcode = OPCODES[event["opcode"]]
        message = next((each for each in events[index + 1 :] if each["event"] != "frame"), None)
        payload = None
        if opcode >= Opcode.CLOSE:
            payload = payload_of(event) or None
        elif event["fin"]:
            payload = payload_of(message) or None
        key = event["mask_key"] if event["masked"] else None
        from_client = event["direction"] == "out"
        yield from_client, event["fin"], event["rsv"], opcode, key, payload


def test_every_byte_is_that_of_the_recording(exported):
    recording, capture, count = exported
    halves = tshark.follow(capture, count)
    shown = [shown_as_events(events) for events in connections(recording)]
    refused = shown.index((b"", b""))
    assert halves[:refused] == shown[:refused]
    assert halves[refused + 1 :] == shown[refused + 1 :]


def test_tshark_finds_nothing_wrong(dissected):
    assert dissected.problems == []


def test_tshark_shows_every_frame(exported, dissected):
    for stream, events in enumerate(connections(exported[0])):
        frames = [frame[1:] for frame in dissected.frames if frame.stream == stream]
        assert frames == list(expected_frames(events)), stream
