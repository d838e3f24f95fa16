"""What is written as JSON is read back as an equal event."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clock import HandClock
from tests.events import BATCHES, EVENTS, TEXT_MESSAGES, openings
from wscli.apps.env import Env
from wscli.apps.report import failure
from wscli.errors import UpgradeError
from wscli.net.opening import Opening
from wscli.net.url import Url, parse_url
from wscli.records.events import from_json, read_events, to_json
from wscli.session.end import End
from wscli.session.events import Batch, Failed, Opened
from wscli.wire.codes import Opcode
from wscli.wire.events import Close, Messages, Ping, Pong
from wscli.wire.frames import Frame
from wscli.wire.parser import MessageRun

START = 1_769_860_800.25  # 2026-01-31T12:00:00.25Z


def lines(event, **extra):
    """Return the lines of an event; a line ends with LF and nothing else."""
    *lines, rest = to_json(event, extra).split(b"\n")
    assert rest == b""
    return lines


def batch(*items, incoming=True):
    return Batch(incoming, START, 0.5, list(items))


def opened(**fields):
    opening = Opening(parse_url("ws://example.com/"))
    vars(opening).update(fields)
    return Opened(opening, START, 0.5)


def read_again(event):
    (line,) = lines(event)
    return from_json(line)


@given(EVENTS)
def test_each_event_is_one_line_and_is_read_back(event):
    assert read_again(event) == event


@given(BATCHES)
def test_each_item_of_a_batch_is_a_line_and_is_read_back(several):
    expected = [several._replace(items=[item]) for item in several.items]
    assert [from_json(line) for line in lines(several)] == expected


@given(st.lists(TEXT_MESSAGES, min_size=1, max_size=5), st.sampled_from(["", "\x7f", "\n", '"']))
def test_texts_that_are_escaped_together_are_read_back_one_by_one(messages, more):
    payloads = [message.payloads[0] + more.encode() for message in messages]
    read = [from_json(line).items[0].payloads for line in lines(batch(Messages(1, payloads)))]
    assert read == [[payload] for payload in payloads]


@given(EVENTS)
def test_a_line_is_utf8_and_json_for_any_reader(event):
    (line,) = lines(event)
    fields = json.loads(line.decode())
    assert list(fields)[:3] == ["event", "time", "elapsed"]


@given(EVENTS | BATCHES)
def test_an_event_that_was_read_is_written_the_same_way_again(event):
    for line in lines(event):
        assert to_json(from_json(line)) == line + b"\n"


@given(openings())
def test_the_url_of_an_opening_is_read_back(opening):
    assert str(read_again(Opened(opening, START, 0.5)).opening.url) == str(opening.url)


@pytest.mark.parametrize(
    ("opcode", "payloads"),
    [
        (1, [b"a", b"bb", b"a", b""]),
        (1, [b'"', b"\\", b"\\n", b"\n", b"\x1f"]),
        (1, [b"\x7f", b"a\x7fb"]),
        (1, [b'\x7f"', b"plain"]),
        (1, ["ü\U0001f600".encode(), b"\xe2\x80\xa8"]),
        (1, [b"%d" % number for number in range(5000)]),
        (2, [b"", b"\xff", bytes(range(256))]),
        (1, ["ü\x00✓".encode() * 300_000]),
        (2, [bytes(range(256)) * 8000]),
        (2, [bytes(1 << 20)] * 3),
    ],
    ids=lambda value: str(value)[:20],
)
def test_many_messages_are_as_many_lines(opcode, payloads):
    read = [from_json(line) for line in lines(batch(Messages(opcode, payloads)))]
    assert read == [batch(Messages(opcode, [payload])) for payload in payloads]


def test_messages_between_other_items_keep_their_place():
    items = [Ping(b"1"), Messages(1, [b"a", b"b"]), Pong(b"2", 0.25), Messages(2, [b"c"])]
    kinds = [json.loads(line)["event"] for line in lines(batch(*items))]
    assert kinds == ["ping", "message", "message", "pong", "message"]


def test_items_that_other_lines_tell_of_are_not_written():
    run = MessageRun(0x81, None, [b"a"])
    items = batch(run, Messages(1, [b"a"]), Close(1000, ""))
    assert [json.loads(line)["event"] for line in lines(items)] == ["message"]


def test_a_batch_of_nothing_is_no_line():
    assert to_json(batch()) == b""


@pytest.mark.parametrize("extra", [{}, {"connection": 7}, {"connection": 7, "v": 1}])
@pytest.mark.parametrize("event", [batch(Ping(b"x")), opened()], ids=["batch", "open"])
def test_the_number_of_the_connection_is_beside_the_event(event, extra):
    (line,) = lines(event, **extra)
    assert {name: json.loads(line).get(name) for name in extra} == extra
    ((read, connection),) = read_events([line])
    assert (read, connection) == (event, extra.get("connection"))


@pytest.mark.parametrize("opcode", range(16))
def test_each_opcode_has_a_name_that_is_read_back(opcode):
    frame = Frame(opcode, b"x")
    assert read_again(batch(frame)).items == [frame]


@pytest.mark.parametrize(("length", "form"), [(5, 7), (5, 16), (5, 64), (200, 16), (200, 64)])
@pytest.mark.parametrize("key", [None, b"\0\0\0\0", b"abcd"])
def test_a_frame_is_read_back_byte_for_byte(length, form, key):
    frame = Frame(2, bytes(length), mask_key=key, length_form=form)
    assert read_again(batch(frame)).items[0].to_bytes() == frame.to_bytes()


def test_a_fragment_that_ends_inside_a_character_is_binary():
    frame = Frame(1, "ü".encode()[:1], fin=False)
    (line,) = lines(batch(frame))
    assert json.loads(line)["base64"] == "ww=="
    assert from_json(line).items == [frame]


def test_credentials_of_a_url_are_not_written():
    opening = Opening(Url(True, "example.com", 443, "/", "me", "secret"))
    assert b"secret" not in to_json(Opened(opening, START, 0.5))


def test_frames_behind_the_response_are_not_written_twice():
    from wscli.wire.head import parse_response

    response = parse_response(b"HTTP/1.1 101 OK\r\n\r\n")
    event = opened(response=response, received=response.raw + b"\x81\x05hello")
    assert read_again(event).opening.received == response.raw


def test_bytes_that_are_not_a_response_are_read_back():
    event = opened(received=b"SSH-2.0-OpenSSH\r\n\xff")
    assert read_again(event) == event


def failed(error):
    clock = HandClock()
    env = Env(None, None, None, {}, clock)
    return failure(error, env, clock.now - 0.5)._replace(time=START)


def test_a_name_that_is_not_utf8_is_written_with_an_escape():
    error = failed(UpgradeError("cannot read \udcff"))
    (line,) = lines(error)
    assert b'"cannot read \\udcff"' in line
    assert from_json(line) == error


def test_the_evidence_of_an_error_has_lines_that_end_with_lf():
    error = failed(UpgradeError("no", "HTTP/1.1 404\r\nA: b\n\nbody"))
    assert error.evidence == "HTTP/1.1 404\nA: b\n\nbody"
    assert read_again(error) == error


def test_fields_without_a_value_are_absent():
    (line,) = lines(Failed(5, "refused", "", "", START, 0.5))
    assert sorted(json.loads(line)) == ["elapsed", "event", "message", "status", "time"]
    (line,) = lines(End(1000, "", None, False, START, 0.5))
    names = ["clean", "code", "elapsed", "event", "name", "reason", "time"]
    assert sorted(json.loads(line)) == names


def test_times_are_rounded_to_microseconds():
    end = End(1000, "", None, True, START + 1e-9, 0.123_456_789)
    assert read_again(end) == end._replace(time=START, elapsed=0.123457)
    pong = batch(Pong(b"", 0.123_456_789))._replace(elapsed=0.987_654_321)
    assert read_again(pong) == pong._replace(elapsed=0.987654, items=[Pong(b"", 0.123457)])


def test_the_equality_of_messages_is_by_value():
    assert Messages(1, [b"a"]) == Messages(Opcode.TEXT, [b"a"])
    assert Messages(1, [b"a"]) != Messages(2, [b"a"])
    assert Messages(1, [b"a"]) != Messages(1, [b"b"])
    assert repr(Messages(1, [b"a"])) == "Messages(1, [b'a'])"


def test_the_equality_of_openings_is_by_value():
    assert opened() == opened()
    assert opened() != opened(address="::1")
    assert opened().opening != "ws://example.com/"
