"""Reading recordings: damaged lines, unknown fields and events, and files of earlier versions."""

import json
from pathlib import Path

import pytest

from wscli.records.events import from_json, read_events, to_json
from wscli.records.fields import MalformedEvent
from wscli.session.end import End, describe_close
from wscli.session.events import Batch, Failed, Opened
from wscli.status import ExitStatus, status_of
from wscli.wire.events import Messages, Pong
from wscli.wire.frames import Frame

BEFORE = Path(__file__).with_name("before-raw-heads.ndjson")
MOMENT = {"time": "2026-01-31T12:00:00.250000Z", "elapsed": 0.5}
MESSAGE = {"event": "message", **MOMENT, "direction": "in", "opcode": "text", "text": "hello"}
BINARY = {"event": "message", **MOMENT, "direction": "out", "opcode": "binary", "base64": "AA=="}
PONG = {"event": "pong", **MOMENT, "direction": "in", "base64": "YQ==", "rtt": 1}
FRAME = {
    "event": "frame",
    **MOMENT,
    "direction": "in",
    "opcode": "binary",
    "fin": True,
    "rsv": 0,
    "mask_key": "01020304",
    "wire_size": 7,
    "base64": "YQ==",
}
CLOSE = {"event": "close", **MOMENT, "code": 1000}
ERROR = {"event": "error", **MOMENT, "status": 5, "message": "refused"}
REQUEST = {"target": "/", "headers": [["Host", "h"]]}
OPEN = {"event": "open", **MOMENT, "url": "ws://h/", "request": REQUEST}
STEP = {**OPEN, "event": "step", "step": "tcp", "timings": {"tcp": 0.1}}
DEFLATE = {
    "server_no_context_takeover": False,
    "client_no_context_takeover": False,
    "server_max_window_bits": 15,
    "client_max_window_bits": 15,
}
VIOLATION = {
    "event": "violation",
    **MOMENT,
    "direction": "in",
    "rule": "reserved-bits",
    "close_code": 1002,
}


def read(fields):
    return from_json(json.dumps(fields))


@pytest.mark.parametrize(
    "fields", [MESSAGE, BINARY, PONG, FRAME, CLOSE, ERROR, OPEN, STEP, VIOLATION]
)
def test_optional_fields_may_be_absent_and_unknown_ones_are_ignored(fields):
    event = read(fields)
    assert event is not None
    assert read({**fields, "new": {"of": ["a", "later", "version"]}}) == event
    assert read({**fields, "connection": None}) == event


def test_an_unknown_event_is_skipped():
    serving = json.dumps({"event": "serving", "address": "127.0.0.1:8765"})
    assert from_json(serving) is None
    assert [event for event, _ in read_events([serving, json.dumps(MESSAGE)])] == [read(MESSAGE)]


@pytest.mark.parametrize("encode", [str, str.encode])
def test_lines_may_be_text_or_bytes_and_empty_ones_are_skipped(encode):
    lines = [
        encode(f"{json.dumps(MESSAGE)}\n"),
        encode("\n"),
        encode(""),
        encode(f"{json.dumps(PONG)}"),
    ]
    assert [event for event, _ in read_events(lines)] == [read(MESSAGE), read(PONG)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "it is not JSON"),
        ('{"event":"mess', "it is not JSON"),
        (b'{"event":"\xff"}', "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ("9" * 5000, "it is not JSON"),
        ("null", "it is not a JSON object: None"),
        ('["event"]', "it is not a JSON object"),
        ("{}", '"event" is missing'),
        ('{"event":7}', '"event" is not a string: 7'),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_line_that_is_not_an_event_is_an_error(line, reason):
    with pytest.raises(MalformedEvent) as caught:
        from_json(line)
    assert caught.value.what == "the line is not a valid event"
    assert caught.value.evidence.startswith(reason)
    assert caught.value.line is None


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({**MESSAGE, "time": None}, '"time" or "elapsed" is missing'),
        ({**MESSAGE, "time": "yesterday"}, "\"time\" is not a time of RFC 3339: 'yesterday'"),
        ({**MESSAGE, "time": "2026-01-31T12:00:00"}, '"time" is not a time of RFC 3339'),
        ({**MESSAGE, "time": 5}, '"time" is not a string: 5'),
        ({**MESSAGE, "elapsed": "0.5"}, "\"elapsed\" is not a number: '0.5'"),
        ({**MESSAGE, "elapsed": True}, '"elapsed" is not a number: True'),
        ({**MESSAGE, "elapsed": float("nan")}, '"elapsed" is not a number: nan'),
        ({**MESSAGE, "elapsed": float("inf")}, '"elapsed" is not a number: inf'),
        ({**MESSAGE, "elapsed": 10**400}, '"elapsed" is not a number: 1000'),
        ({**MESSAGE, "direction": "up"}, "\"direction\" is neither in nor out: 'up'"),
        ({**MESSAGE, "opcode": "txt"}, "\"opcode\" is unknown: 'txt'"),
        ({**MESSAGE, "opcode": "ping"}, '"opcode" is neither text nor binary'),
        ({**MESSAGE, "opcode": "binary"}, 'a text message has "text"'),
        ({**BINARY, "opcode": "text"}, 'a text message has "text"'),
        ({**BINARY, "base64": None}, 'both "text" and "base64" are missing'),
        ({**MESSAGE, "text": "\udcff"}, '"text" is not UTF-8'),
        ({**MESSAGE, "connection": "1"}, "\"connection\" is not an integer: '1'"),
        ({**BINARY, "base64": "A"}, "\"base64\" is not base64: 'A'"),
        ({**BINARY, "base64": "ä"}, "\"base64\" is not base64: 'ä'"),
        ({**FRAME, "fin": 1}, '"fin" is not true or false: 1'),
        ({**FRAME, "rsv": 8}, '"rsv" is not one of 0 to 7: 8'),
        ({**FRAME, "mask_key": "xy"}, '"mask_key": non-hexadecimal'),
        ({**FRAME, "mask_key": "0102", "wire_size": 7}, '"mask_key" is not four bytes'),
        ({**FRAME, "wire_size": 8}, '"wire_size" does not fit the payload'),
        ({**FRAME, "wire_size": 7, "length": 200}, '"wire_size" does not fit the payload'),
        ({**FRAME, "wire_size": 15, "length": 1 << 64}, '"length" cannot be 18446744073709551616'),
        ({**FRAME, "length": 0}, '"length" cannot be 0'),
        ({**CLOSE, "code": None}, '"code" is missing'),
        ({**CLOSE, "violation": {"rule": "x", "close_code": 7}}, '"close_code": 7 is not a valid'),
        ({**CLOSE, "violation": []}, '"violation" is not a JSON object: []'),
        ({**CLOSE, "last_sent": {"number": 1}}, '"opcode" is missing'),
        ({**ERROR, "status": "5"}, "\"status\" is not an integer: '5'"),
        ({**ERROR, "opening": {}}, '"url" is missing'),
        ({**STEP, "step": "dance"}, "\"step\" is unknown: 'dance'"),
        ({**STEP, "timings": {}}, "\"timings\" has no 'tcp'"),
        ({**OPEN, "url": "http://h/"}, '"url" is not a ws:// or wss:// URL'),
        ({**OPEN, "timings": []}, '"timings" is not a JSON object'),
        ({**OPEN, "timings": {"tcp": "fast"}}, "\"tcp\" is not a number: 'fast'"),
        ({**OPEN, "addresses": "::1"}, "\"addresses\" is not a list: '::1'"),
        ({**OPEN, "addresses": [1]}, '"addresses" is not a list of strings: [1]'),
        ({**OPEN, "request": {"headers": [["a"]]}}, '"headers" is not a list of pairs'),
        ({**OPEN, "request": {"headers": ["a"]}}, '"headers" is not a list of strings'),
        ({**OPEN, "request": {"target": "a b"}}, '"request": not an HTTP request line'),
        ({**OPEN, "request": {"raw": "AA=="}}, '"request": not an HTTP request line'),
        ({**OPEN, "response": {"status": 7}}, '"response": not an HTTP status line'),
        ({**OPEN, "response": {"raw": "AA=="}}, '"status" is missing'),
        ({**OPEN, "agreement": {"faults": [1]}}, 'an item of "faults" is not a JSON object: 1'),
        (
            {**OPEN, "agreement": {"deflate": {**DEFLATE, "server_max_window_bits": 10**9}}},
            "a window of 1000000000 bits is not one of 8 to 15",
        ),
        ({**OPEN, "tls": {"certificate": {"expires": "soon"}}}, '"expires" is not a time'),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_field_of_the_wrong_type_or_value_is_an_error(fields, reason):
    with pytest.raises(MalformedEvent) as caught:
        read(fields)
    assert caught.value.evidence.startswith(reason)


def test_a_long_value_is_not_repeated_whole_in_the_error():
    with pytest.raises(MalformedEvent) as caught:
        read({**MESSAGE, "elapsed": "x" * 10_000})
    assert len(caught.value.evidence) < 100


def test_an_error_names_the_line_after_the_events_before_it():
    lines = [json.dumps(MESSAGE), "", '{"event":"serving"}', "broken", json.dumps(MESSAGE)]
    events = read_events(lines)
    assert next(events).event == read(MESSAGE)
    with pytest.raises(MalformedEvent) as caught:
        next(events)
    assert caught.value.what == "line 4 is not a valid event"
    assert caught.value.line == 4
    assert status_of(caught.value) == ExitStatus.USAGE


# Files that were recorded before ``open`` had raw heads


def before():
    with BEFORE.open("rb") as file:
        return [event for event, _ in read_events(file)]


def test_a_recording_of_an_earlier_version_is_read():
    kinds = [type(event) for event in before()]
    assert kinds == [Opened, *[Batch] * 6, End, Failed, Opened, End, Failed]


def test_heads_are_rebuilt_from_the_headers_of_an_earlier_version():
    opening = before()[0].opening
    assert opening.request.raw.startswith(b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nHost: ")
    assert opening.response.raw.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    assert opening.response.raw.endswith(b"\r\n\r\n")


def test_what_was_agreed_on_is_found_in_the_heads_of_an_earlier_version():
    agreement = before()[0].opening.agreement
    assert (agreement.subprotocol, agreement.extensions) == ("chat", "permessage-deflate")
    assert agreement.deflate.server_max_window_bits == 15
    assert not agreement.faults


def test_frames_of_an_earlier_version_are_read_byte_for_byte():
    _, sent, message, *_ = before()
    key = bytes.fromhex("a0338ce9")
    assert sent.items == [Frame(1, sent.items[0].payload, rsv=4, mask_key=key)]
    assert message.items == [Messages(1, ['hé "x"'.encode()])]


def test_the_end_and_the_error_of_an_earlier_version_are_read():
    _, refused, _, end, broken = before()[-5:]
    assert (refused.status, refused.opening) == (5, None)
    assert describe_close(end) == "1002 protocol error"
    assert broken.message == "the peer sent a frame with a reserved opcode"


def test_an_event_of_an_earlier_version_keeps_its_fields_when_it_is_written_again():
    for line in BEFORE.read_bytes().splitlines():
        fields = json.loads(line)
        again = json.loads(to_json(from_json(line)))
        for name in fields.keys() - {"v", "request", "response"}:
            assert again[name] == fields[name]


def test_a_number_may_be_an_integer():
    assert read({**PONG, "elapsed": 1}) == Batch(True, 1_769_860_800.25, 1, [Pong(b"a", 1)])
