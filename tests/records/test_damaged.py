"""Laws of reading: whatever a line has become, it is an event, an unknown one, or an error."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wscli.records.events import from_json, read_events, to_json
from wscli.records.fields import Fields, MalformedEvent
from wscli.session.end import End, error_of
from wscli.sinks.human.talk import describe_end

MOMENT = {"time": "2026-01-31T12:00:00.250000Z", "elapsed": 0.5}
MESSAGE = {"event": "message", **MOMENT, "direction": "in", "opcode": "text", "size": 3}
HEAD = {"status": 101, "reason": "", "headers": [], "raw": "SFRUUC8xLjEgMTAxDQoNCg=="}
WINDOWS = {
    "server_no_context_takeover": False,
    "client_no_context_takeover": True,
    "server_max_window_bits": 15,
    "client_max_window_bits": 9,
}
OPEN = {
    "url": "wss://example.com/feed",
    "looked_up": "example.com",
    "addresses": ["::1"],
    "address": "[::1]:443",
    "proxy": "127.0.0.1:3128",
    "proxy_request": "Q09OTkVDVA==",
    "tls": {
        "version": "TLSv1.3",
        "cipher": "AES",
        "certificate": {
            "subject": "s",
            "issuer": "i",
            "names": ["n"],
            "expires": "2027-01-01T00:00:00.000000Z",
        },
    },
    "subprotocol": "chat",
    "agreement": {
        "deflate": WINDOWS,
        "faults": [{"id": "x", "section": "RFC 6455", "sentence": "broke"}],
        "declined": ["d"],
    },
    "request": {"target": "/", "headers": [], "raw": "R0VUIC8gSFRUUC8xLjENCg0K"},
    "response": HEAD,
    "body": "Ym9keQ==",
    "opinion": "accepted",
    "probe": {"response": {**HEAD, "status": 404, "raw": "SFRUUC8xLjEgNDA0DQoNCg=="}, "body": ""},
    "timings": {"tcp": 0.25},
}
REFUSED = {"url": "ws://h/", "received": "AA==", "timings": {}}
VIOLATION = {
    "rule": "reserved-opcode",
    "section": "RFC 6455",
    "sentence": "broke it",
    "close_code": 1002,
    "evidence": "frame",
    "service": {"kind": "devtools", "debugger_url": "ws://h/"},
}
FRAME = {
    "opcode": "binary",
    "fin": True,
    "rsv": 0,
    "masked": True,
    "mask_key": "01020304",
    "size": 1,
    "wire_size": 7,
    "complete": False,
    "length": 9,
    "base64": "YQ==",
}
EVENTS = {
    "open": {"event": "open", **MOMENT, **OPEN},
    "step": {"event": "step", **MOMENT, "step": "tcp", "url": "ws://h/", "timings": {"tcp": 0.5}},
    "text": {**MESSAGE, "text": "h\u00e9"},
    "binary": {**MESSAGE, "opcode": "binary", "base64": "AP+A"},
    "frame": {"event": "frame", **MOMENT, "direction": "out", **FRAME},
    "violation": {"event": "violation", **MOMENT, "direction": "in", **VIOLATION},
    "ping": {"event": "ping", **MOMENT, "direction": "in", "size": 1, "base64": "YQ=="},
    "pong": {"event": "pong", **MOMENT, "direction": "in", "size": 0, "base64": "", "rtt": 0.25},
    "close": {
        "event": "close",
        **MOMENT,
        "code": 1006,
        "name": "abnormal closure",
        "reason": "",
        "clean": False,
        "by": "peer",
        "sent": 1000,
        "hung_up": True,
        "detail": "reset",
        "violation": VIOLATION,
        "unanswered": 2.5,
        "idle": 55.25,
        "last_sent": {"number": 1, "opcode": "text", "size": 3},
    },
    "error": {"event": "error", **MOMENT, "status": 5, "message": "refused", "opening": REFUSED},
}
ODD = [
    *(None, True, False, 0, -1, 8, 1 << 64, 10**400, 0.5, float("nan"), float("inf"), -0.0),
    *("", "text", "AA==", "A", "0102", "in", "ws://h/", "tcp", "\udc80", "\x00", "é", "9" * 5000),
    *([], {}, [[]], [None], [{}], ["a"], [["a", "b"]], [["a"]], {"a": None}, {"tcp": 1}),
]
KINDS = pytest.mark.parametrize("kind", EVENTS)


def places(value, *path):
    """Yield the path to every field inside a JSON value."""
    for key in value if isinstance(value, dict) else range(len(value)):
        yield (*path, key)
        if isinstance(value[key], dict | list):
            yield from places(value[key], *path, key)


def changed(kind, path, *value):
    """Return a line with one field replaced, or without it if no value is given."""
    fields = json.loads(line_of(kind))
    place = fields
    for key in path[:-1]:
        place = place[key]
    if value:
        place[path[-1]] = value[0]
    else:
        del place[path[-1]]
    return json.dumps(fields)


def line_of(kind):
    return json.dumps(EVENTS[kind], ensure_ascii=False).encode()


def read_or_refuse(line):
    """Return the event of a line, or None; any other exception than MalformedEvent is a failure."""
    try:
        return from_json(line)
    except MalformedEvent:
        return None


# Any damage


@KINDS
def test_an_event_of_these_tests_is_read_whole(kind):
    """Or the damage below would prove nothing."""
    assert json.loads(to_json(from_json(line_of(kind)))) == EVENTS[kind]


@KINDS
def test_a_line_that_was_cut_off_is_never_read(kind):
    line = line_of(kind)
    for end in range(len(line)):
        with pytest.raises(MalformedEvent):
            from_json(line[:end])


@KINDS
@pytest.mark.parametrize("octet", [b"", b"\xff", b"0"])
def test_a_byte_that_was_changed_is_an_event_or_an_error(kind, octet):
    line = line_of(kind)
    for at in range(len(line)):
        read_or_refuse(line[:at] + octet + line[at + 1 :])


@KINDS
def test_a_field_of_any_value_is_an_error_or_an_event_that_can_be_shown(kind):
    """A reader that checks too little would fail later, where nobody expects a damaged line."""
    for path in places(EVENTS[kind]):
        for value in ODD:
            event = read_or_refuse(changed(kind, path, value))
            if event is None:
                continue
            (line,) = to_json(event).decode().splitlines(keepends=True)
            assert from_json(line) == event
            if isinstance(event, End):
                describe_end(event)
                error_of(event)


@KINDS
def test_a_field_that_is_missing_is_an_event_or_an_error(kind):
    for path in places(EVENTS[kind]):
        read_or_refuse(changed(kind, path))


@given(st.text() | st.binary())
def test_any_line_is_an_event_an_unknown_one_or_an_error(line):
    read_or_refuse(line)


# Later versions


@KINDS
@pytest.mark.parametrize("value", [None, 7, {"of": ["a", "later", {"version": True}]}])
def test_a_field_that_a_later_version_adds_anywhere_is_ignored(kind, value):
    before = from_json(line_of(kind))
    for *path, key in places(EVENTS[kind]):
        if isinstance(key, str) and path[-1:] != ["timings"]:  # whose names are those of phases
            assert from_json(changed(kind, (*path, "added later"), value)) == before


@KINDS
def test_the_order_of_fields_means_nothing(kind):
    backwards = dict(reversed(EVENTS[kind].items()))
    assert from_json(json.dumps(backwards)) == from_json(line_of(kind))


@KINDS
@pytest.mark.parametrize("name", ["", "Open", "message ", "serving", "connection"])
def test_the_fields_of_an_unknown_event_are_not_looked_at(kind, name):
    assert from_json(json.dumps({**EVENTS[kind], "event": name, "time": 5})) is None


@pytest.mark.parametrize("at", range(4))
def test_the_number_of_a_damaged_line_counts_all_lines(at):
    lines = [line_of("text"), b"\n", line_of("ping"), b'{"event":"serving"}']
    events = []
    with pytest.raises(MalformedEvent) as caught:
        events.extend(event for event, _ in read_events([*lines[:at], b"{", *lines[at:]]))
    assert len(events) == [0, 1, 1, 2][at]
    assert caught.value.line == at + 1


def test_a_large_line_number_is_grouped():
    with pytest.raises(MalformedEvent, match="line 1,000 is not a valid event"):
        list(read_events([""] * 999 + ["{"]))


# Fields


VALUES = Fields(
    {
        "text": "a",
        "number": 1.5,
        "whole": 3,
        "flag": False,
        "bytes": "AP8=",
        "object": {"a": 1, "b": None, "c": 2.5},
        "objects": [{"n": 1}, {"n": 2}],
        "strings": ["a", "b"],
        "pairs": [["a", "b"], ["a", "c"]],
        "null": None,
    }
)


def test_a_field_is_returned_as_its_type():
    assert VALUES.get("text", str) == "a"
    assert VALUES.get("flag", bool) is False
    assert VALUES.require("whole", int) == 3
    assert (VALUES.number("number"), VALUES.number("whole")) == (1.5, 3)
    assert VALUES.base64("bytes") == b"\0\xff"
    assert VALUES.nested("object").require("a", int) == 1
    assert [each.get("n", int) for each in VALUES.nested_list("objects")] == [1, 2]
    assert VALUES.strings("strings") == ("a", "b")
    assert VALUES.pairs("pairs") == [("a", "b"), ("a", "c")]
    assert VALUES.numbers("object") == {"a": 1, "c": 2.5}


@pytest.mark.parametrize("name", ["null", "absent"])
def test_a_field_that_is_null_is_absent(name):
    assert VALUES.get(name, str) is None
    assert VALUES.text(name) == ""
    assert VALUES.number(name) is None
    assert VALUES.time(name) is None
    assert VALUES.base64(name) is None
    assert VALUES.nested(name) is None
    assert VALUES.nested_list(name) == []
    assert VALUES.strings(name) == ()
    assert VALUES.pairs(name) == []
    assert VALUES.numbers(name) == {}
    with pytest.raises(MalformedEvent):
        VALUES.require(name, str)


@pytest.mark.parametrize("kind", [int, bool, str])
@pytest.mark.parametrize("value", [0, 1, True, False, "", "1", 1.0, [], {}])
def test_a_type_is_matched_exactly(kind, value):
    """In Python True is an integer, and 1.0 equals 1; in a recording each is a mistake."""
    fields = Fields({"x": value})
    if type(value) is kind:
        assert fields.get("x", kind) == value
    else:
        with pytest.raises(MalformedEvent, match="the line is not a valid event"):
            fields.get("x", kind)


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0.0),
        ("1970-01-01T01:00:00.500+01:00", 0.5),
        ("2026-01-31T12:00:00.250000Z", 1_769_860_800.25),
    ],
)
def test_a_time_may_have_any_offset(time, seconds):
    assert Fields({"time": time}).time("time") == seconds


@pytest.mark.parametrize("size", [0, 39, 40, 41, 10_000])
def test_a_wrong_value_is_repeated_up_to_forty_characters(size):
    with pytest.raises(MalformedEvent) as caught:
        Fields("x" * size)
    shown = caught.value.evidence.removeprefix("it is not a JSON object: ")
    assert shown == repr("x" * size) if size + 2 <= 40 else shown == "'" + "x" * 39 + "…"


@pytest.mark.parametrize("text", ["A", "AA", "AA=", "AA==!", "A A=", "AA==\n", "A-_=", "Ä==="])
def test_base64_has_its_own_characters_and_padding_and_nothing_else(text):
    with pytest.raises(MalformedEvent) as caught:
        Fields({"x": text}).base64("x")
    assert caught.value.evidence.startswith('"x" is not base64: ')


# A rule that the fields of one event keep among each other


@pytest.mark.parametrize(
    ("message", "payload"),
    [
        ({"opcode": "text", "text": ""}, b""),
        ({"opcode": "text", "text": "é"}, "é".encode()),
        ({"opcode": "binary", "base64": ""}, b""),
    ],
)
def test_an_empty_payload_is_not_a_missing_one(message, payload):
    line = json.dumps({"event": "message", **MOMENT, "direction": "out", **message})
    (item,) = from_json(line).items
    assert item.payloads == [payload]


@pytest.mark.parametrize("bits", [7, 8, 15, 16])
def test_a_window_of_compression_has_8_to_15_bits(bits):
    deflate = {
        "server_no_context_takeover": True,
        "client_no_context_takeover": False,
        "server_max_window_bits": 12,
        "client_max_window_bits": bits,
    }
    fields = {"event": "open", **MOMENT, "url": "wss://h/", "agreement": {"deflate": deflate}}
    read = read_or_refuse(json.dumps(fields))
    assert (read is not None) == (8 <= bits <= 15)
    if read is not None:
        assert read.opening.agreement.deflate.client_max_window_bits == bits


@pytest.mark.parametrize(
    ("url", "port", "host"),
    [
        ("ws://h", 80, "h"),
        ("wss://h/x?y#z", 443, "h"),
        ("ws://h:8080/", 8080, "h"),
        ("wss://[::1]:7/", 7, "::1"),
        ("ws://[::1]", 80, "::1"),
    ],
)
def test_the_port_of_a_url_is_that_of_its_scheme_unless_it_is_written(url, port, host):
    opening = from_json(json.dumps({"event": "open", **MOMENT, "url": url})).opening
    assert (opening.url.port, opening.url.host) == (port, host)
    assert opening.url.secure == url.startswith("wss:")
