"""A capture made from a recording: heads, frames, times, addresses, and how TCP ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.captured import read_capture
from tests.events import ENDS, openings
from tests.streams import frames as frames_of_any_kind
from wscli.net.opening import Opening
from wscli.net.url import parse_url
from wscli.records.capture import pcapng_pieces
from wscli.records.events import Recorded
from wscli.session.end import DROPPED, PEER_ENDED, End
from wscli.session.events import Batch, Failed, Opened, Step
from wscli.wire.closing import Side
from wscli.wire.events import Messages, Ping, Pong
from wscli.wire.frames import Frame
from wscli.wire.head import parse_request, parse_response
from wscli.wire.rules import FRAME_RULES, Violation

START = 1769860800.0
REQUEST = b"GET /feed HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
RESPONSE = b"HTTP/1.1 101 \r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
TIMINGS = {"name": 0.1, "tcp": 0.2, "tls": 0.3, "upgrade": 0.4}
SYN, ACK, FIN, RST, PSH = 0x02, 0x10, 0x01, 0x04, 0x08
RULE = FRAME_RULES[0][0]


def opening(response=RESPONSE, **fields):
    made = Opening(parse_url(fields.pop("url", "wss://example.com:8443/feed")))
    made.timings = TIMINGS
    made.address = "198.51.100.7:8443"
    made.request, made.response = parse_request(REQUEST), parse_response(response)
    made.received = response
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def opened(**fields):
    return Opened(opening(**fields), START + 1, 1.0)


def batch(*items, incoming=True, seconds=2.0):
    return Batch(incoming, START + seconds, seconds, items)


def end(code=1000, **fields):
    given = {"reason": "", "began": Side.LOCAL, "clean": True, "sent": 1000, **fields}
    return End(code, time=START + 3, elapsed=3.0, **given)


def capture(*events, key_log=b""):
    recorded = [Recorded(event, 1) for event in events]
    return list(read_capture(b"".join(pcapng_pieces(recorded, pytest.fail, key_log))))


def flags(packets):
    return [each.packet.flags for each in packets]


def data(packets, port):
    """Return the bytes sent from a port."""
    return b"".join(each.packet.data for each in packets if each.packet.ports[0] == port)


def frames(*events):
    """Return the bytes after the heads: the client's, and the server's."""
    packets = capture(opened(), *events)
    [client] = {each.packet.ports[0] for each in packets} - {80}
    return data(packets, client).removeprefix(REQUEST), data(packets, 80).removeprefix(RESPONSE)


def last_flags(*events):
    """Return the port and the flags of the packets without data that end a connection."""
    packets = capture(opened(), *events)[5:]
    return [(each.packet.ports[0], each.packet.flags) for each in packets if not each.packet.data]


def test_the_heads_are_byte_for_byte_those_of_the_recording():
    assert data(capture(opened()), 80) == RESPONSE
    assert data(capture(opened()), 49153) == REQUEST


def test_interim_responses_come_before_the_response():
    interim = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    packets = capture(opened(interim=interim, received=interim + RESPONSE))
    assert data(packets, 80) == interim + RESPONSE


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 101 \r\nX-Own: 1\r\n\r\n",
        b"HTTP/1.1 101 \r\nX-Own: 1\r\nConnection: Upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Own: 1\r\n\r\n",  # RFC 8441
    ],
)
def test_a_response_that_lacks_the_upgrade_is_completed(head):
    packets = capture(opened(response=head))
    assert data(packets, 80) == (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"X-Own: 1\r\n\r\n"
    )
    assert "does not have the whole response" in packets[4].comment


def test_the_times_are_those_of_the_phases():
    times = [round(each.time - START, 6) for each in capture(opened(), batch(Ping(b"")))]
    assert times == [0.1, 0.3, 0.3, 0.6, 1.0, 2.0]


def test_time_never_goes_back():
    packets = capture(opened(), batch(Ping(b""), seconds=5.0), batch(Ping(b""), seconds=4.0))
    assert [round(each.time - START, 6) for each in packets[-2:]] == [5.0, 5.0]


def test_recorded_frames_are_sent_as_they_were():
    odd = Frame(1, b"x", fin=False, rsv=5, mask_key=b"abcd", length_form=64)
    cut = Frame(2, b"part", length=100)
    sent = [batch(odd, Messages(1, [b"x"]), incoming=False), batch(cut)]
    assert frames(*sent, end()) == (odd.to_bytes(), cut.to_bytes())


def test_messages_without_frames_become_frames():
    client, server = frames(
        batch(Messages(1, [b"hi"]), incoming=False),
        batch(Messages(2, [b"\x01" * 126]), Ping(b"p")),
        batch(Pong(b"p"), incoming=False),
        end(1001, reason="bye", began=Side.REMOTE, sent=1001),
    )
    zero = b"\0\0\0\0"
    assert client == b"\x81\x82" + zero + b"hi\x8a\x81" + zero + b"p\x88\x82" + zero + b"\x03\xe9"
    assert server == b"\x82\x7e\x00\x7e" + b"\x01" * 126 + b"\x89\x01p\x88\x05\x03\xe9bye"


def test_a_comment_says_that_frames_were_made_from_messages():
    packets = capture(opened(), batch(Messages(1, [b"hi"])), batch(Messages(1, [b"ho"])))
    assert "Here each message is one frame" in packets[5].comment
    assert packets[6].comment == ""
    assert capture(opened(), batch(Frame(1, b"hi")))[5].comment == ""


def test_a_close_without_a_code_has_no_payload():
    assert frames(end(1005, sent=1005)) == (b"\x88\x80\0\0\0\0", b"\x88\x00")


def test_a_server_s_recording_has_the_client_at_the_other_end():
    made = opening(timings={}, address="192.0.2.9:5000", url="ws://0.0.0.0:8765/")
    packets = capture(
        Opened(made, START, 0.0),
        batch(Messages(1, [b"hi"])),
        batch(Messages(1, [b"ho"]), incoming=False),
    )
    assert data(packets, 5000) == REQUEST + b"\x81\x82\0\0\0\0hi"
    assert data(packets, 80) == RESPONSE + b"\x81\x02ho"
    assert [each.direction for each in packets] == [1, 2, 1, 1, 2, 1, 2]


def test_packets_bear_the_direction_of_the_recording_end():
    packets = capture(opened(), batch(Ping(b"")))
    assert [each.direction for each in packets] == [2, 1, 2, 2, 1, 1]


@given(openings(), st.lists(frames_of_any_kind(), max_size=2), ENDS)
def test_any_recording_makes_a_capture(opening, sent, last):
    capture(Opened(opening, START, 0.0), *(batch(frame) for frame in sent), last)
    capture(Failed(3, "no", "", "", START, 1e300, opening))


def ends(packets):
    """Return the addresses and ports of the first packet."""
    packet = packets[0].packet
    return str(packet.source), packet.ports[0], str(packet.target), packet.ports[1]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ("192.0.2.1", "198.51.100.7")),
        ({"address": "[2001:db8::7]:443"}, ("2001:db8::1", "2001:db8::7")),
        ({"address": "2001:db8::7"}, ("2001:db8::1", "2001:db8::7")),  # as in a HAR
        ({"address": "127.0.0.1:8765"}, ("127.0.0.1", "127.0.0.1")),
        ({"address": "[::1]:8765"}, ("::1", "::1")),
        ({"address": "/run/socket"}, ("192.0.2.1", "192.0.2.2")),
        ({"address": None}, ("192.0.2.1", "192.0.2.2")),
        ({"address": None, "url": "ws://203.0.113.5/"}, ("192.0.2.1", "203.0.113.5")),
        ({"address": "10.0.0.1:3128", "proxy": "p:3128"}, ("192.0.2.1", "192.0.2.2")),
        (
            {"address": "10.0.0.1:3128", "proxy": "p:3128", "addresses": ("203.0.113.5",)},
            ("192.0.2.1", "203.0.113.5"),
        ),
    ],
)
def test_addresses_are_those_that_are_known(fields, expected):
    client, server = expected
    assert ends(capture(opened(**fields))) == (client, 49153, server, 80)


def test_each_connection_has_a_port_of_its_own():
    recorded = [Recorded(opened(), number) for number in (1, 2)]
    packets = list(read_capture(b"".join(pcapng_pieces(recorded, pytest.fail))))
    assert {each.packet.ports[0] for each in packets} == {49153, 49154, 80}


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (end(), [(80, FIN | ACK), (49153, FIN | ACK), (80, ACK)]),
        (
            end(1006, detail=f"{PEER_ENDED} in the middle of a message", clean=False, sent=None),
            [(80, FIN | ACK), (49153, FIN | ACK), (80, ACK)],
        ),
        (end(1006, hung_up=True, clean=False), [(80, FIN | ACK), (49153, FIN | ACK), (80, ACK)]),
        (end(1006, detail="Connection reset by peer", clean=False, sent=None), [(80, RST | ACK)]),
        (end(1006, detail=DROPPED, clean=False, sent=None), [(49153, RST | ACK)]),
        (end(1006, unanswered=20.0, clean=False, sent=None), [(49153, RST | ACK)]),
        (
            end(1002, violation=Violation(RULE, "x"), sent=1002, clean=False),
            [(49153, FIN | ACK), (80, FIN | ACK), (49153, ACK)],
        ),
    ],
)
def test_tcp_ends_as_the_connection_did(last, expected):
    assert last_flags(last) == expected


def test_a_connection_without_an_end_stays_open():
    assert last_flags(batch(Ping(b""))) == []


def test_a_comment_says_what_went_wrong():
    violation = Violation(RULE, "evidence")
    packets = capture(opened(), batch(Frame(3), violation), end(1002, violation=violation))
    assert f"The peer {RULE.sentence}" in packets[6].comment
    assert "the peer" in packets[-3].comment


def test_the_first_comment_introduces_the_connection():
    assert capture(opened())[0].comment == (
        "Connection 1: wss://example.com:8443/feed, recorded by the client; "
        "the address of its server was 198.51.100.7:8443"
    )
    through = opened(proxy="proxy:3128", address=None)
    assert capture(through)[0].comment == (
        "Connection 1: wss://example.com:8443/feed, by the proxy proxy:3128, recorded by the client"
    )


@pytest.mark.parametrize(
    ("head", "sent"),
    [
        (b"HTTP/1.1 403 No\r\nContent-Length: 4\r\n\r\n", b"body"),
        (b"HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n", b"4\r\nbody\r\n0\r\n\r\n"),
    ],
)
def test_a_refused_upgrade_is_captured_with_its_body(head, sent):
    failed = Failed(5, "refused", "", "", START + 2, 2.0, opening(head, body=b"body"))
    packets = capture(failed)
    assert data(packets, 80) == head + sent
    assert flags(packets)[-3:] == [FIN | ACK, FIN | ACK, ACK]
    assert packets[-3].comment == "refused"
    assert round(packets[4].time - START, 6) == 1.0


def test_what_is_not_a_response_is_captured_too():
    made = opening()
    made.response, made.received = None, b"SSH-2.0-x\r\n"
    assert data(capture(Failed(5, "not HTTP", "", "", START, 1.0, made)), 80) == b"SSH-2.0-x\r\n"


def test_an_attempt_without_a_request_has_no_packets():
    made = opening()
    made.request = made.response = None
    assert capture(Step("name", made, START, 0.0), Failed(3, "no", "", "", START, 0.0, made)) == []


def test_an_error_after_the_end_adds_nothing():
    failed = Failed(9, "closed", "", "", START + 3, 3.0)
    assert flags(capture(opened(), end(), failed)) == flags(capture(opened(), end()))


def test_a_connection_without_an_opening_is_left_out_with_a_remark():
    remarks = []
    recorded = [Recorded(batch(Ping(b"")), 3), Recorded(batch(Ping(b"")), 3), Recorded(end(), 3)]
    assert list(read_capture(b"".join(pcapng_pieces(recorded, remarks.append)))) == []
    assert remarks == ["connection 3 is left out: its opening was not recorded"]


def test_a_key_log_comes_before_the_packets():
    recorded = [Recorded(opened(), 1)]
    file = b"".join(pcapng_pieces(recorded, pytest.fail, b"CLIENT_RANDOM 00 11\n"))
    assert file.index(b"CLIENT_RANDOM 00 11\n") < file.index(REQUEST)
