"""A HAR file of wscli's is one that Chrome imports, and reads back as the same messages."""

import json
import math
import tracemalloc
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.events import TEXT, openings
from wscli.net.opening import Opening
from wscli.net.url import parse_url
from wscli.records.connections import read_connections
from wscli.records.events import Recorded
from wscli.records.har import read_har
from wscli.records.har_writer import har_pieces
from wscli.session.end import End
from wscli.session.events import Batch, Failed, Opened
from wscli.wire.closing import Side
from wscli.wire.codes import Role
from wscli.wire.events import Messages, Ping, Pong
from wscli.wire.frames import Frame
from wscli.wire.handshake import check_response
from wscli.wire.head import parse_request, parse_response

START = 1769860800.0
REQUEST = (
    b"GET /feed?token=1&x= HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Version: 13\r\nCookie: a=1; b=2\r\n\r\n"
)
RESPONSE = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
    b"Set-Cookie: c=3; Path=/; Secure; Expires=Wed, 21 Oct 2026 07:28:00 GMT\r\n\r\n"
)
MESSAGES = st.one_of(
    st.builds(lambda text: Messages(1, [text.encode()]), TEXT),
    st.builds(lambda data: Messages(2, [data]), st.binary(max_size=40)),
)
BATCHES = st.lists(
    st.tuples(st.booleans(), st.integers(100_000, 10**10), MESSAGES), max_size=20
).map(
    lambda batches: [
        Batch(incoming, round(START + micro / 1e6, 6), micro / 1e6, [item])
        for incoming, micro, item in batches
    ]
)


def opened(response=RESPONSE, timings=None, time=START + 0.1):
    opening = Opening(parse_url("wss://example.com/feed?token=1&x="))
    opening.timings = {"tcp": 0.03, "tls": 0.02, "upgrade": 0.05} if timings is None else timings
    opening.address = "[2001:db8::7]:443"
    opening.request, opening.response = parse_request(REQUEST), parse_response(response)
    opening.received = response
    if opening.response.status == 101:
        opening.agreement = check_response(opening.request, opening.response)
    return Opened(opening, time, 0.1)


def batch(item, incoming=True, seconds=1.0):
    return Batch(incoming, START + seconds, seconds, [item])


END = End(1001, "bye", Side.REMOTE, True, START + 9, 9.0, sent=1001)


def written(*events, connection=1, **options):
    """Return the HAR file of one connection, as JSON."""
    return parsed([Recorded(event, connection) for event in events], **options)


def parsed(recorded, remark=pytest.fail, **options):
    text = b"".join(har_pieces(recorded, remark, **options))
    return json.loads(text)


def entry(*events, **options):
    [only] = written(*events, **options)["log"]["entries"]
    return only


def read_back(*events):
    data = json.dumps(written(*events)).encode()
    return [each.event for each in read_har(data, pytest.fail)]


def chrome_imports(har):
    """Import a file by the rules of DevTools (front_end/models/har/HARFormat.ts), or raise."""

    def number(value):
        assert isinstance(value, int | float)
        assert math.isfinite(value)

    def text(value):
        assert isinstance(value, str)

    def message(value):
        assert set(value) == {"type", "time", "opcode", "data"}
        number(value["time"])
        number(value["opcode"])
        text(value["data"])
        assert value["type"] in ("send", "receive", "error")

    log = har["log"]
    text(log["version"])
    text(log["creator"]["name"])
    text(log["creator"]["version"])
    assert isinstance(log["pages"], list)
    for each in log["entries"]:
        request, response, timings = each["request"], each["response"], each["timings"]
        datetime.fromisoformat(each["startedDateTime"])
        for value in (
            each["time"],
            *(timings[name] for name in ("send", "wait", "receive")),
            *timings.values(),
            *(request[name] for name in ("headersSize", "bodySize")),
            *(response[name] for name in ("status", "headersSize", "bodySize")),
            response["content"]["size"],
        ):
            number(value)
        for value in (
            *(request[name] for name in ("method", "url", "httpVersion")),
            *(response[name] for name in ("statusText", "httpVersion", "redirectURL")),
            response["content"]["mimeType"],
            each.get("serverIPAddress", ""),
            each["connection"],
        ):
            text(value)
        pairs = request["headers"] + request["queryString"] + request["cookies"]
        for pair in pairs + response["headers"] + response["cookies"]:
            text(pair["name"])
            text(pair["value"])
        assert each["cache"] == {}
        assert each["_resourceType"] == "websocket"
        for value in each["_webSocketMessages"]:
            message(value)
    return log["entries"]


def one_by_one(events):
    """Return events with a batch for each message."""
    return [
        event._replace(items=[Messages(item.opcode, [payload])])
        for event in events
        for item in event.items
        for payload in item.payloads
    ]


@given(BATCHES)
def test_messages_are_read_back_as_they_were(batches):
    first, *middle, last = read_back(opened(), *batches, END)
    assert (first, last) == (opened(), END)
    assert one_by_one(middle) == batches


def test_messages_that_came_together_are_read_back_together():
    several = [batch(Messages(1, [b"1", b"2"])), batch(Messages(2, [b"3"]))]
    assert read_back(opened(), *several) == [opened(), *several]


def test_pings_and_pongs_are_read_back_where_they_were():
    events = [
        opened(),
        batch(Ping(b"\xff")),
        batch(Messages(1, [b"1"])),
        batch(Pong(b"\xff", 0.25), incoming=False),
        batch(Pong(b"")),
        batch(Messages(1, [b"2"])),
        END,
    ]
    assert read_back(*events) == events


@given(openings(), BATCHES)
def test_chrome_imports_every_entry(opening, batches):
    events = [Opened(opening, START, 0.0), *batches, END]
    [imported] = chrome_imports(written(*events))
    assert len(imported["_webSocketMessages"]) == len(batches)


@given(openings())
def test_chrome_imports_a_failure(opening):
    chrome_imports(written(Failed(3, "no", "", "", START, 0.0, opening)))


def test_a_message_has_four_fields():
    messages = entry(
        opened(), batch(Messages(1, [b'"\xc3\xbc\x00'])), batch(Messages(2, [b"\xff"]), False, 2.5)
    )["_webSocketMessages"]
    assert messages == [
        {"type": "receive", "time": START + 1, "opcode": 1, "data": '"ü\x00'},
        {"type": "send", "time": START + 2.5, "opcode": 2, "data": "/w=="},
    ]


def test_the_request_is_that_of_the_recording():
    request = entry(opened())["request"]
    assert request["url"] == "wss://example.com/feed?token=1&x="
    assert request["headers"][0] == {"name": "Host", "value": "example.com"}
    assert request["headersSize"] == len(REQUEST)
    assert request["queryString"] == [{"name": "token", "value": "1"}, {"name": "x", "value": ""}]
    assert request["cookies"] == [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]


def test_the_response_is_that_of_the_recording():
    response = entry(opened())["response"]
    assert (response["status"], response["statusText"]) == (101, "Switching Protocols")
    assert response["headersSize"] == len(RESPONSE)
    cookie = {"name": "c", "value": "3", "path": "/", "httpOnly": False, "secure": True}
    assert response["cookies"] == [cookie]


def test_times_are_those_of_the_recording():
    written_entry = entry(opened(), END)
    assert written_entry["startedDateTime"] == "2026-01-31T12:00:00.000000Z"
    assert written_entry["timings"] == {
        "blocked": -1,
        "dns": -1,
        "connect": 50,
        "ssl": 20,
        "send": 0,
        "wait": 50,
        "receive": 8900,
    }
    assert written_entry["time"] == 9000
    assert written_entry["serverIPAddress"] == "2001:db8::7"


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1:2"])
def test_an_address_without_a_port_as_in_a_har_file_is_written_whole(address):
    event = opened()
    event.opening.address = address
    assert entry(event)["serverIPAddress"] == address


def test_the_end_is_in_vendor_fields():
    written_entry = entry(opened(), END)
    assert (written_entry["_closeCode"], written_entry["_closeReason"]) == (1001, "bye")


def test_a_connection_without_an_end_has_no_close_code():
    assert "_closeCode" not in entry(opened(), batch(Ping(b"")))


def test_control_frames_are_messages_only_if_asked_for():
    events = [opened(), batch(Ping(b"\x01")), batch(Pong(b"\x01"), incoming=False), END]
    assert entry(*events)["_webSocketMessages"] == []
    messages = entry(*events, control=True)["_webSocketMessages"]
    assert [(each["type"], each["opcode"], each["data"]) for each in messages] == [
        ("receive", 9, "AQ=="),
        ("send", 10, "AQ=="),
        ("receive", 8, "A+lieWU="),
        ("send", 8, "A+k="),
    ]


def test_control_frames_are_not_read_back_twice():
    events = [opened(), batch(Ping(b"\x01")), END]
    data = json.dumps(written(*events, control=True)).encode()
    assert [each.event for each in read_har(data)] == events


def test_frames_are_left_out():
    frame = Frame(1, b"hi")
    assert read_back(opened(), batch(frame), batch(Messages(1, [b"hi"]))) == [
        opened(),
        batch(Messages(1, [b"hi"])),
    ]


def test_credentials_are_nowhere_but_in_the_headers():
    text = json.dumps(entry(opened())["_wscli"])
    assert "token" not in text
    assert set(entry(opened())["_wscli"]["open"]) == {"elapsed", "address", "timings"}


def test_a_server_s_recording_is_written_from_the_client_s_side():
    events = [
        opened(timings={}),
        batch(Messages(1, [b"from the client"])),
        batch(Ping(b""), incoming=False),
        END,
    ]
    written_entry = entry(*events, control=True)
    kinds = [(each["type"], each["opcode"]) for each in written_entry["_webSocketMessages"]]
    assert kinds == [("send", 1), ("receive", 9), ("send", 8), ("receive", 8)]
    assert "serverIPAddress" not in written_entry
    assert written_entry["_closeCode"] == 1001


def test_a_server_s_recording_is_read_back_from_the_client_s_side():
    events = [
        opened(timings={}),
        batch(Messages(1, [b"from the client"])),
        batch(Messages(1, [b"from the server"]), incoming=False),
        batch(Ping(b"from the client")),
        END,
    ]
    recorded = [Recorded(event, 1) for event in events]
    [at_server] = read_connections(recorded)
    [at_client] = read_connections(read_har(b"".join(har_pieces(recorded, print))))
    assert (at_server.role, at_client.role) == (Role.SERVER, Role.CLIENT)
    assert sides(at_client) == sides(at_server)
    assert at_client.opening.address is None  # that of the recording is the client's


def sides(connection):
    return [(item.from_client, item.opcode, item.payload) for item in connection.items]


def test_a_refused_upgrade_is_an_entry_with_its_body():
    refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\n\r\n"
    opening = opened(refusal).opening
    opening.body = b"go away\xff"
    failed = Failed(5, "the server answered 403", "", "", START + 1, 1.0, opening)
    response = entry(failed)["response"]
    assert (response["status"], response["_error"]) == (403, "the server answered 403")
    assert response["content"]["mimeType"] == "text/plain"
    [again] = read_back(failed)
    assert (again.status, again.opening.body) == (5, b"go away\xff")


def test_each_connection_is_an_entry():
    events = [
        Recorded(opened(), 1),
        Recorded(opened(), 2),
        Recorded(batch(Messages(1, [b"of 1"])), 1),
        Recorded(batch(Messages(1, [b"of 2"])), 2),
        Recorded(END, 2),
        Recorded(opened(), 3),
        Recorded(Failed(9, "closed", "", "", START, 0.0), 2),
    ]
    entries = chrome_imports(parsed(events))
    found = [(each["connection"], len(each["_webSocketMessages"])) for each in entries]
    assert found == [("2", 1), ("1", 1), ("3", 0)]


def test_a_connection_whose_end_was_not_recorded_is_an_entry():
    again = [Recorded(opened(), 1), Recorded(opened(time=START + 5), 1), Recorded(END, 1)]
    assert ["_closeCode" in each for each in chrome_imports(parsed(again))] == [False, True]


def test_no_connection_is_no_entry():
    assert chrome_imports(parsed([])) == []


def test_a_connection_without_an_opening_is_left_out_with_a_remark():
    remarks = []
    lost = [Recorded(batch(Messages(1, [b"x"])), 4), Recorded(END, 4)]
    assert chrome_imports(parsed(lost, remarks.append)) == []
    assert remarks == ["connection 4 is left out: its opening was not recorded"]


def test_a_long_recording_takes_little_memory():
    def events():
        yield Recorded(opened(), 1)
        for number in range(400):
            yield Recorded(batch(Messages(2, [bytes(40_000)]), seconds=float(number)), 1)

    tracemalloc.start()
    try:
        size = sum(map(len, har_pieces(events(), pytest.fail)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size > 20 << 20
    assert peak < 4 << 20
