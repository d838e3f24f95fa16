"""HAR files as Chrome, mitmproxy, Playwright and others write them are read as recordings."""

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wscli.errors import UsageError
from wscli.records.capture import pcapng_pieces
from wscli.records.events import to_json
from wscli.records.har import read_har
from wscli.records.har_writer import har_pieces
from wscli.records.writing import recording_pieces
from wscli.session.end import End
from wscli.session.events import Batch, Failed, Opened
from wscli.wire.closing import Side
from wscli.wire.events import Messages, Ping, Pong

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
START = 1769860800.0
REQUEST_HEADERS = [
    {"name": "Host", "value": "example.com"},
    {"name": "Connection", "value": "Upgrade"},
    {"name": "Upgrade", "value": "websocket"},
    {"name": "Origin", "value": "https://example.com"},
    {"name": "Sec-WebSocket-Version", "value": "13"},
    {"name": "Sec-WebSocket-Key", "value": KEY},
    {"name": "Sec-WebSocket-Protocol", "value": "chat"},
]
RESPONSE_HEADERS = [
    {"name": "Upgrade", "value": "websocket"},
    {"name": "Connection", "value": "Upgrade"},
    {"name": "Sec-WebSocket-Accept", "value": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
    {"name": "Sec-WebSocket-Protocol", "value": "chat"},
]


def message(kind="receive", data="hello", opcode=1, time=START + 1):
    return {"type": kind, "time": time, "opcode": opcode, "data": data}


def entry(*messages, **fields):
    """An entry as Chrome writes it."""
    return {
        "_connectionId": "37",
        "_initiator": {"type": "script"},
        "_priority": "VeryLow",
        "_resourceType": "websocket",
        "_webSocketMessages": list(messages),
        "cache": {},
        "connection": "443",
        "request": {
            "method": "GET",
            "url": "wss://example.com/feed?token=1",
            "httpVersion": "HTTP/1.1",
            "headers": REQUEST_HEADERS,
            "queryString": [{"name": "token", "value": "1"}],
            "cookies": [],
            "headersSize": 400,
            "bodySize": 0,
        },
        "response": {
            "status": 101,
            "statusText": "Switching Protocols",
            "httpVersion": "HTTP/1.1",
            "headers": RESPONSE_HEADERS,
            "cookies": [],
            "content": {"size": 0, "mimeType": "x-unknown"},
            "redirectURL": "",
            "headersSize": 129,
            "bodySize": 0,
            "_transferSize": 0,
            "_error": None,
        },
        "serverIPAddress": "[::1]",
        "startedDateTime": "2026-01-31T12:00:00.000Z",
        "time": 5000.0,
        "timings": {
            "blocked": 10,
            "dns": -1,
            "ssl": 20,
            "connect": 50,
            "send": 0,
            "wait": 40,
            "receive": 4900,
            "_blocked_queueing": -1,
        },
        **fields,
    }


def har(*entries):
    return json.dumps({"log": {"version": "1.2", "creator": {}, "entries": entries}}).encode()


def read(*entries):
    """Return the events of entries, and the remarks."""
    remarks = []
    return list(read_har(har(*entries), remarks.append)), remarks


def events(*entries):
    """Return the events of entries in which everything can be read."""
    recorded, remarks = read(*entries)
    assert remarks == []
    return [each.event for each in recorded]


def payloads(*messages, **fields):
    """Return (incoming, opcode, payload) of each message of an entry."""
    return [
        (event.incoming, event.items[0].opcode, event.items[0].payloads[0])
        for event in events(entry(*messages, **fields))
        if isinstance(event, Batch)
    ]


def without(mapping, *names):
    return {name: value for name, value in mapping.items() if name not in names}


def test_an_entry_of_chrome_is_a_connection():
    opened, sent, received = events(
        entry(message("send", "hi", time=START + 0.5), message("receive", "hello"))
    )
    assert isinstance(opened, Opened)
    assert (opened.time, opened.elapsed) == (START + 0.1, 0.1)
    assert sent == Batch(False, START + 0.5, 0.5, [Messages(1, [b"hi"])], "chat")
    assert received == Batch(True, START + 1, 1.0, [Messages(1, [b"hello"])], "chat")


def test_both_heads_are_rebuilt():
    opening = events(entry())[0].opening
    assert str(opening.url) == "wss://example.com/feed?token=1"
    assert opening.request.raw == (
        b"GET /feed?token=1 HTTP/1.1\r\n"
        b"Host: example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Origin: https://example.com\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: chat\r\n\r\n"
    )
    assert opening.response.raw == (
        b"HTTP/1.1 101 Switching Protocols\r\n"
        b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
        b"Sec-WebSocket-Protocol: chat\r\n\r\n"
    )
    assert opening.agreement.faults == ()
    assert opening.agreement.subprotocol == "chat"


def test_address_and_timings_are_taken_over():
    opening = events(entry())[0].opening
    assert opening.address == "::1"
    assert opening.timings == {"tls": 0.02, "upgrade": 0.05, "tcp": 0.03}


@pytest.mark.parametrize(
    ("opcode", "data", "expected"),
    [
        (1, "aGk=", (1, b"aGk=")),
        (2, "AAH/", (2, b"\x00\x01\xff")),
        (2, "not base64!", (2, b"not base64!")),
        ("1", "text", (1, b"text")),
        ("2", "AAH/", (2, b"\x00\x01\xff")),
        (1.0, "text", (1, b"text")),
        (1, "\u00fc\U0001f600", (1, "\u00fc\U0001f600".encode())),
        (1, "", (1, b"")),
        (2, "", (2, b"")),
    ],
)
def test_data_is_text_for_opcode_1_and_else_base64(opcode, data, expected):
    assert payloads(message(data=data, opcode=opcode)) == [(True, *expected)]


def test_opcode_and_data_and_time_may_be_absent():
    bare = {"type": "send"}
    assert payloads(bare, message()) == [(False, 1, b""), (True, 1, b"hello")]
    batches = events(entry(message(time=START + 2), bare))[1:]
    assert batches[1].time == START + 2


@pytest.mark.parametrize("time", [START + 1.5, (START + 1.5) * 1000, f"{START + 1.5}"])
def test_a_time_is_in_seconds_or_milliseconds(time):
    [_, batch] = events(entry(message(time=time)))
    assert (batch.time, batch.elapsed) == (START + 1.5, 1.5)


def test_an_entry_of_mitmproxy_is_a_connection():
    """It has an https URL, no resource type, and times with a zone."""
    flow = without(entry(message("send", "AQI=", 2)), "_resourceType", "serverIPAddress")
    flow["request"] = {**flow["request"], "url": "https://example.com/feed"}
    flow["startedDateTime"] = "2026-01-31T12:00:00.000000+00:00"
    opened, batch = events(flow)
    assert str(opened.opening.url) == "wss://example.com/feed"
    assert batch.items == [Messages(2, [b"\x01\x02"])]
    assert batch.elapsed == 1.0


def test_a_file_that_mitmproxy_wrote_is_read():
    data = Path(__file__).with_name("mitmproxy-11.har").read_bytes()
    recorded = list(read_har(data, pytest.fail))
    items = [
        (each.connection, each.event.items) for each in recorded if isinstance(each.event, Batch)
    ]
    assert items == [
        (1, [Messages(1, [b"hello"])]),
        (1, [Messages(1, [b"hello"])]),
        (1, [Messages(1, ["wörld".encode()])]),
        (1, [Messages(1, ["wörld".encode()])]),
        (2, [Messages(2, [b"\x00\xff"])]),
        (2, [Messages(2, [b"\x00\xff"])]),
    ]
    opening = recorded[0].event.opening
    assert opening.agreement.faults == ()
    assert opening.address == "127.0.0.1"


def test_headers_may_be_pairs():
    pairs = [[header["name"], header["value"]] for header in REQUEST_HEADERS]
    flow = entry()
    flow["request"] = {**flow["request"], "headers": pairs}
    assert events(flow)[0].opening.request == events(entry())[0].opening.request


def test_an_entry_that_is_written_twice_is_one_connection():
    recorded, _ = read(entry(message()), entry(), entry(message()))
    assert [type(each.event) for each in recorded] == [Opened, Batch]


def test_connections_that_differ_in_their_keys_are_two():
    other = entry()
    key = {"name": "Sec-WebSocket-Key", "value": "AAAAAAAAAAAAAAAAAAAAAA=="}
    other["request"] = {**other["request"], "headers": [*REQUEST_HEADERS[:-2], key]}
    recorded, _ = read(entry(), other)
    assert [each.connection for each in recorded] == [1, 2]


def test_an_entry_of_playwright_is_a_connection():
    """It has few timings, and no field that only Chrome has."""
    bare = without(entry(message()), "_connectionId", "_initiator", "_priority", "connection")
    bare["timings"] = {"send": -1, "wait": -1, "receive": -1}
    bare["time"] = -1
    opened, _ = events(bare)
    assert opened.elapsed == 0.0
    assert opened.opening.timings == {"upgrade": 0.0}


def test_an_upgrade_alone_is_a_connection_without_messages():
    """Firefox writes neither a resource type nor messages."""
    handshake = without(entry(), "_resourceType", "_webSocketMessages")
    handshake["request"] = {**handshake["request"], "url": "https://example.com/feed"}
    [opened] = events(handshake)
    assert str(opened.opening.url) == "wss://example.com/feed"


@pytest.mark.parametrize(
    "fields",
    [
        {"response": {"status": 200, "headers": []}},
        {"response": {"status": 101, "headers": [{"name": "Upgrade", "value": "h2c"}]}},
    ],
)
def test_an_entry_of_plain_http_is_skipped(fields):
    page = without(entry(**fields), "_resourceType", "_webSocketMessages")
    page["request"] = {"method": "GET", "url": "https://example.com/", "headers": []}
    assert read(page, entry(), {}, None)[0][0].connection == 1


def test_a_socket_over_http2_is_a_connection():
    """RFC 8441: the request is a CONNECT with pseudo-headers, and 200 accepts it."""
    headers = [{"name": ":authority", "value": "example.com"}, *REQUEST_HEADERS[3:4]]
    over_http2 = entry(message())
    over_http2["request"] = {**over_http2["request"], "method": "CONNECT", "headers": headers}
    over_http2["response"] = {"status": 200, "headers": [{"name": ":status", "value": "200"}]}
    opened, batch = events(over_http2)
    assert opened.opening.request.headers == [
        ("Host", "example.com"),
        ("Origin", "https://example.com"),
    ]
    assert batch.items == [Messages(1, [b"hello"])]


def test_values_that_chrome_joins_are_headers_of_their_own():
    cookies = {"name": "Set-Cookie", "value": "a=1\nb=2"}
    several = entry(response={"status": 101, "headers": [cookies]})
    assert events(several)[0].opening.response.headers == [
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
    ]


def test_an_error_in_place_of_a_message_ends_the_connection():
    error = {"type": "error", "time": START + 2, "opcode": -1, "data": "Invalid frame header"}
    _, batch, end = events(entry(message(), error))
    assert batch.items == [Messages(1, [b"hello"])]
    assert (end.code, end.clean, end.detail) == (1006, False, "Invalid frame header")
    assert end.time == START + 5


def test_a_refused_upgrade_is_a_failure():
    error = {"type": "error", "time": START, "opcode": -1, "data": "Unexpected response code: 403"}
    refusal = {"status": 403, "statusText": "Forbidden", "headers": []}
    [failed] = events(entry(error, response=refusal))
    assert isinstance(failed, Failed)
    assert (failed.status, failed.message) == (
        5,
        "the server answered 403 Forbidden instead of 101",
    )
    assert failed.evidence == "Unexpected response code: 403"
    assert failed.opening.response.status == 403


@pytest.mark.parametrize("status", [0, -1, None, "0"])
def test_an_attempt_without_a_response_is_a_failure(status):
    response = {"status": status, "headers": [], "_error": "net::ERR_CONNECTION_REFUSED"}
    [failed] = events(entry(response=response))
    assert (failed.status, failed.evidence) == (3, "net::ERR_CONNECTION_REFUSED")


def test_messages_show_that_a_connection_was_open():
    opened, _ = events(entry(message(), response={}))
    assert opened.opening.response is None


def test_a_close_code_in_a_vendor_field_is_the_end():
    *_, end = events(entry(message(), _closeCode=1001, _closeReason="bye"))
    assert isinstance(end, End)
    assert (end.code, end.reason, end.clean, end.began) == (1001, "bye", True, None)
    assert (end.time, end.elapsed) == (START + 5, 5.0)


def test_an_end_that_is_not_known_is_not_invented():
    assert not any(isinstance(event, End) for event in events(entry(message())))


def test_control_frames_are_events():
    close = base64.b64encode(b"\x03\xe8done").decode()
    _, ping, pong, end = events(
        entry(
            message("receive", "AQ==", 9),
            message("send", "AQ==", 10),
            message("receive", close, 8),
            message("send", base64.b64encode(b"\x03\xe8").decode(), 8),
        )
    )
    assert (ping.incoming, ping.items) == (True, [Ping(b"\x01")])
    assert (pong.incoming, pong.items) == (False, [Pong(b"\x01")])
    assert (end.code, end.reason, end.began, end.sent) == (1000, "done", Side.REMOTE, 1000)


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("text", "its type is neither send nor receive"),
        ({"type": "other"}, "its type is neither send nor receive"),
        (message(opcode=3), "its opcode is '3'"),
        (message(opcode=[]), "its opcode is '[]'"),
        (message(opcode=99), "its opcode is '99'"),
        (message(data={"a": 1}), "its data is not a string"),
        (message(data="\ud800"), "its data is not valid Unicode"),
    ],
)
def test_a_message_that_cannot_be_read_is_left_out_and_counted(bad, why):
    recorded, remarks = read(entry(message(), bad, bad, message("send")))
    assert [type(each.event) for each in recorded] == [Opened, Batch, Batch]
    assert remarks == [f"WebSocket 1: 2 of its messages left out: {why}"]


def test_an_entry_that_cannot_be_read_is_left_out():
    broken = entry()
    broken["request"] = {"url": "wss://"}
    recorded, remarks = read(broken, entry())
    assert [each.connection for each in recorded] == [2]
    assert len(remarks) == 1
    assert remarks[0].startswith("WebSocket 1: it is left out: ")


@pytest.mark.parametrize(
    "value", [None, 7, "text", [], {}, [[]], [{}], {"name": 1}, float("nan"), -1, "\n"]
)
@pytest.mark.parametrize("name", list(entry()))
def test_no_field_of_another_type_loses_the_others(name, value):
    other = entry(message(), _closeCode=1000, startedDateTime="2026-01-31T12:00:09Z")
    recorded, _ = read(entry(message(), **{name: value}), other)
    last = recorded[-1].connection
    kinds = [type(each.event) for each in recorded if each.connection == last]
    assert kinds == [Opened, Batch, End]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 70), 1 << 70)
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["\ud800", "send", "wss://h/", "ws://[::1]:1/ü", "AAAA", "\r\n", "1e999"]),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=3), values),
    max_leaves=5,
)


@st.composite
def damaged(draw):
    """An entry in which any value may be any other."""

    def damage(value):
        if draw(st.integers(0, 15)) == 0:
            return draw(VALUES)
        if isinstance(value, dict):
            return {name: damage(each) for name, each in value.items()}
        return [damage(each) for each in value] if isinstance(value, list) else value

    kept = {"open": {"elapsed": 0.1, "address": "[::1]:443", "timings": {"tcp": 0.1}}}
    kept["events"] = [{"after": 1, **json.loads(to_json(End(1000, "", None, True, START, 1.0)))}]
    whole = entry(message("send"), message(opcode=2), message(opcode=9), _closeCode=1000)
    return damage({**whole, "_wscli": kept} if draw(st.booleans()) else whole)


@given(st.lists(damaged(), max_size=2))
def test_a_damaged_file_is_read_and_exported_or_an_error(entries):
    try:
        recorded = list(read_har(har(*entries)))
    except UsageError:
        return
    for write in (har_pieces, pcapng_pieces):
        list(write(recorded, lambda remark: None))
    assert list(recording_pieces(recorded, 0.0))


@pytest.mark.parametrize(
    ("data", "evidence"),
    [
        (b"", "it is not JSON: Expecting value: line 1 column 1 (char 0)"),
        (b"[" * 100_000, "it is not JSON: it is nested too deeply"),
        (b"\xff", "it is not JSON: "),
        (b"[]", 'it has no list "log.entries"'),
        (b'{"log": {"entries": {}}}', 'it has no list "log.entries"'),
        (b'{"event": "open"}', 'it has no list "log.entries"'),
    ],
)
def test_a_file_that_is_not_a_har_is_an_error(data, evidence):
    with pytest.raises(UsageError, match="the file is not a HAR") as raised:
        list(read_har(data))
    assert raised.value.evidence.startswith(evidence)


def test_a_byte_order_mark_is_allowed():
    assert list(read_har(b"\xef\xbb\xbf" + har(entry())))
