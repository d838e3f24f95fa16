"""Receivers of both roles: bytes in, events out."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.streams import cuts, items
from wscli.wire.codes import Opcode, Role
from wscli.wire.deflate import PerMessageDeflate
from wscli.wire.encoder import Encoder, cut_utf8
from wscli.wire.events import Close, Messages, Ping, Pong
from wscli.wire.frames import Frame
from wscli.wire.parser import MessageRun
from wscli.wire.receiver import Receiver
from wscli.wire.rules import Violation

MESSAGES = st.lists(
    st.tuples(st.just(Opcode.TEXT), st.text(max_size=300).map(str.encode))
    | st.tuples(st.just(Opcode.BINARY), st.binary(max_size=300)),
    max_size=12,
)
DEFLATE = st.none() | st.builds(
    PerMessageDeflate, st.booleans(), st.booleans(), st.integers(8, 15), st.integers(8, 15)
)


def events(receiver, chunks):
    """Return the events of the chunks, messages one by one."""
    out = []
    for item in items(receiver, *chunks):
        if isinstance(item, Messages):
            out += [(item.opcode, payload) for payload in item.payloads]
        elif not isinstance(item, Frame | MessageRun):
            out.append(item)
    return out


def wire(*frames):
    return b"".join(frame.to_bytes() for frame in frames)


def client(**options):
    return Receiver(Role.CLIENT, **options)


def broken_rule(frames, **options):
    """Return the rule that the last of the events names."""
    last = events(client(**options), [wire(*frames)])[-1]
    assert isinstance(last, Violation)
    return last.rule.id


@given(st.sampled_from(Role), DEFLATE, MESSAGES, st.booleans(), st.data())
def test_each_end_receives_the_messages_that_the_other_sends(role, deflate, messages, frames, data):
    sender = Encoder(role, deflate=deflate)
    receiver = Receiver(role.peer, deflate=deflate, frames=frames)
    stream = b"".join(sender.messages(opcode, [payload]) for opcode, payload in messages)
    stream += sender.ping(b"p") + sender.pong(b"q") + sender.close(1001, "bye")
    received = events(receiver, data.draw(cuts(stream)))
    assert received == [*messages, Ping(b"p"), Pong(b"q"), Close(1001, "bye")]
    assert receiver.done
    assert not receiver.mid_message


@given(MESSAGES, st.data())
def test_fragments_with_pings_between_them_make_the_same_messages(messages, data):
    frames, expected = [], []
    for opcode, payload in messages:
        pieces = data.draw(cuts(payload))
        for index, piece in enumerate(pieces):
            frames.append(Frame(opcode if index == 0 else 0, piece, fin=index == len(pieces) - 1))
            if data.draw(st.booleans()) and index < len(pieces) - 1:
                frames.append(Frame(Opcode.PING, b"between"))
                expected.append(Ping(b"between"))
        expected.append((opcode, payload))
    assert events(client(), data.draw(cuts(wire(*frames)))) == expected


@given(DEFLATE, MESSAGES, st.integers(1, 400))
def test_messages_sent_in_fragments_are_received_whole(deflate, messages, most):
    sender = Encoder(Role.CLIENT, deflate=deflate, fragment=most)
    data = b"".join(sender.messages(opcode, [payload]) for opcode, payload in messages)
    receiver = Receiver(Role.SERVER, deflate=deflate, frames=True)
    received = items(receiver, data)
    assert [(e.opcode, *e.payloads) for e in received if isinstance(e, Messages)] == messages
    assert all(len(item.payload) <= most for item in received if isinstance(item, Frame))


def test_messages_before_a_violation_are_delivered_first():
    batch = wire(Frame(1, b"one"), Frame(1, b"two"), Frame(0x3), Frame(1, b"three"))
    connection = client()
    received = events(connection, [batch])
    assert received[:2] == [(1, b"one"), (1, b"two")]
    assert [item.rule.id for item in received[2:]] == ["reserved-opcode"]
    assert connection.done
    assert items(connection, wire(Frame(1, b"four"))) == []


def test_messages_before_invalid_utf8_in_a_run_are_delivered():
    batch = wire(Frame(1, b"good"), Frame(1, b"bad\xff"), Frame(1, b"never"))
    received = events(client(), [batch])
    assert received[0] == (1, b"good")
    assert received[1].rule.id == "text-utf8"
    assert received[1].evidence == "ff at byte 3 of the message: invalid start byte"
    assert len(received) == 2


def test_invalid_utf8_is_noticed_at_the_first_invalid_octet():
    """RFC 6455 §8.1; the frame announces 1,000 bytes, of which 13 have arrived."""
    head = wire(Frame(1, bytes(1000)))[:4]
    connection = client()
    assert events(connection, [head + b"Hello \xce\xba\xe1\xbd\xb9"]) == []
    (violation,) = events(connection, [b"\xed\xa0"])
    assert violation.rule.id == "text-utf8"
    assert "at byte 11 of the message" in violation.evidence


@given(st.binary(max_size=8), st.data())
def test_utf8_is_judged_alike_however_it_arrives(payload, data):
    """Text is a violation exactly if Python's strict decoder rejects it."""
    stream = wire(Frame(1, payload))
    octets = [stream[i : i + 1] for i in range(len(stream))]
    whole = [type(event) for event in events(client(), [stream])]
    assert [type(event) for event in events(client(), octets)] == whole
    assert [type(event) for event in events(client(), data.draw(cuts(stream)))] == whole
    assert (Violation in whole) == (payload.decode(errors="replace").encode() != payload)


@pytest.mark.parametrize("bad", ["c0", "c1", "e0 9f", "ed a0", "f0 8f", "f4 90", "f5", "e1 80 41"])
def test_each_kind_of_invalid_sequence_fails_at_its_first_invalid_octet(bad):
    bad = bytes.fromhex(bad)
    head = wire(Frame(1, bytes(100)))[:2]
    connection = client()
    assert events(connection, [head, b"ok", *(bytes([octet]) for octet in bad[:-1])]) == []
    (violation,) = events(connection, [bad[-1:]])
    assert violation.rule.id == "text-utf8"


def test_invalid_utf8_split_over_fragments_is_noticed():
    frames = [Frame(1, b"\xf4", fin=False), Frame(0, b"\x90", fin=False)]
    assert broken_rule(frames) == "text-utf8"


def test_utf8_split_over_fragments_is_joined():
    frames = [Frame(1, b"\xe2\x82", fin=False), Frame(0, b"\xac")]
    assert events(client(), [wire(*frames)]) == [(1, "€".encode())]


def test_utf8_cut_off_at_the_end_of_a_message_is_noticed():
    assert broken_rule([Frame(1, b"\xe2\x82")]) == "text-utf8"
    assert broken_rule([Frame(1, b"\xe2\x82"), Frame(1, b"\xac")]) == "text-utf8"


def test_a_binary_message_may_hold_any_bytes():
    assert events(client(), [wire(Frame(2, b"\xff\xfe"))]) == [(2, b"\xff\xfe")]


@pytest.mark.parametrize(
    ("payload", "rule"),
    [
        (b"\x03", "close-length"),
        (b"\x03\xe7", "close-code"),
        (b"\x03\xed", "close-code"),
        (b"\x03\xee", "close-code"),
        (b"\x03\xf7", "close-code"),
        (b"\x0b\xb7", "close-code"),
        (b"\x13\x88", "close-code"),
        (b"\x03\xe8\xff", "reason-utf8"),
    ],
)
def test_an_illegal_close_frame_breaks_its_rule(payload, rule):
    assert broken_rule([Frame(Opcode.CLOSE, payload)]) == rule


@pytest.mark.parametrize(
    ("payload", "close"),
    [
        (b"", Close(1005, "")),
        (b"\x03\xe8", Close(1000, "")),
        (b"\x03\xf3going", Close(1011, "going")),
        (b"\x0f\xa1" + "ключ".encode(), Close(4001, "ключ")),
    ],
)
def test_a_close_frame_is_decoded(payload, close):
    assert events(client(), [wire(Frame(Opcode.CLOSE, payload))]) == [close]


def test_nothing_is_read_after_a_close_frame():
    stream = wire(Frame(Opcode.CLOSE, b"\x03\xe8"), Frame(1, b"late"))
    assert events(client(), [stream]) == [Close(1000, "")]


def test_a_header_that_breaks_a_rule_fails_before_its_payload_arrives():
    (violation,) = events(client(), [wire(Frame(Opcode.PING, bytes(126)))[:4]])
    assert violation.rule.id == "oversize-control"


@pytest.mark.parametrize("frames", [True, False])
@pytest.mark.parametrize(
    ("frame", "size", "rule"),
    [
        (Frame(Opcode.PING, bytes(65536)), 10, "oversize-control"),
        (Frame(0x3, b"reserved"), 2, "reserved-opcode"),
        (Frame(0x3, b"reserved"), 5, "reserved-opcode"),
        (Frame(1, b"masked", mask_key=b"\1\2\3\4"), 8, "masked-frame"),
        (Frame(1, b"not utf-8 \xff here"), 13, "text-utf8"),
        (Frame(2, bytes(100_001)), 10, "message-size"),
    ],
)
def test_the_frame_that_breaks_a_rule_is_shown_as_far_as_it_has_arrived(frame, size, rule, frames):
    wire = frame.to_bytes()[:size]
    shown, violation = items(client(frames=frames, max_size=100_000), wire)
    assert violation.rule.id == rule
    assert shown.to_bytes() == wire
    assert (shown.complete, shown.length) == (False, frame.length)


@given(st.data())
def test_the_bytes_that_broke_a_rule_are_shown_however_they_arrive(data):
    good = Frame(2, bytes(10))
    stream = wire(good, Frame(1, b"ab\xffcd"), good)
    chunks = data.draw(cuts(stream))
    *shown, violation = items(client(frames=True), *chunks)
    frames = [item.to_bytes() for item in shown if isinstance(item, Frame)]
    assert violation.rule.id == "text-utf8"
    assert frames[0] == good.to_bytes()
    assert len(frames) == 2
    assert b"ab\xff" in frames[1]
    assert stream.startswith(b"".join(frames))


def test_a_lenient_receiver_shows_complete_frames_only():
    watcher = Receiver(Role.CLIENT, strict=False, frames=True)
    assert items(watcher, Frame(0x3, b"reserved").to_bytes()[:5]) == []


def test_a_length_beyond_the_limit_fails_before_the_payload_arrives():
    header = wire(Frame(2, bytes(101)))[:2]
    (violation,) = events(client(max_size=100), [header])
    assert violation.rule.id == "message-size"
    assert violation.rule.close_code == 1009


@pytest.mark.parametrize("opcode", [Opcode.TEXT, Opcode.BINARY])
def test_the_limit_holds_for_the_sum_of_fragments(opcode):
    frames = [Frame(opcode, bytes(60), fin=False), Frame(0, bytes(40))]
    assert events(client(max_size=100), [wire(*frames)]) == [(opcode, bytes(100))]
    assert broken_rule(frames, max_size=99) == "message-size"


def test_the_limit_holds_for_short_messages_too():
    received = events(client(max_size=3), [wire(Frame(1, b"abc"), Frame(1, b"abcd"))])
    assert received[0] == (1, b"abc")
    assert received[1].rule.id == "message-size"


def test_the_limit_holds_while_inflating():
    deflate = PerMessageDeflate()
    bomb = Encoder(Role.SERVER, deflate=deflate).messages(2, [bytes(1 << 20)])
    (violation,) = events(client(deflate=deflate, max_size=1000), [bomb])
    assert violation.rule.id == "message-size"


def test_endless_fragments_are_kept_in_little_memory():
    fragments = Frame(0, b"8 octets", fin=False).to_bytes() * 20_000
    connection = client()
    items(connection, Frame(1, b"", fin=False).to_bytes() + fragments)
    tracemalloc.start()
    try:
        items(connection, fragments)
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(4):
            items(connection, fragments)
        assert tracemalloc.get_traced_memory()[0] - before < 1 << 20
    finally:
        tracemalloc.stop()


def test_a_compressed_message_that_cannot_be_inflated_is_a_violation():
    frames = [Frame(1, b"\xff\xff\xff", rsv=4)]
    assert broken_rule(frames, deflate=PerMessageDeflate()) == "deflate-data"


def test_a_compressed_message_of_invalid_utf8_is_a_violation():
    deflate = PerMessageDeflate()
    stream = Encoder(Role.SERVER, deflate=deflate).messages(1, [b"ok", b"\xff"])
    received = events(client(deflate=deflate), [stream])
    assert received[0] == (1, b"ok")
    assert received[1].rule.id == "text-utf8"


def test_an_uncompressed_message_is_legal_if_compression_was_agreed():
    assert events(client(deflate=PerMessageDeflate()), [wire(Frame(1, b"plain"))]) == [
        (1, b"plain")
    ]


def test_each_frame_is_shown_before_the_event_that_it_completes():
    connection = client(frames=True)
    frames = [Frame(1, b"a", fin=False), Frame(Opcode.PING, b"p"), Frame(0, b"b")]
    kinds = [type(item) for item in items(connection, wire(*frames))]
    assert kinds == [Frame, Frame, Ping, Frame, Messages]


def test_a_lenient_receiver_continues_after_a_violation():
    watcher = Receiver(Role.SERVER, strict=False)
    key = bytes(4)
    stream = wire(Frame(0x3, mask_key=key), Frame(1, b"unmasked"), Frame(1, b"fine", mask_key=key))
    received = events(watcher, [stream])
    assert [item.rule.id for item in received[:2]] == ["reserved-opcode", "unmasked-frame"]
    assert received[2] == (1, b"fine")
    assert not watcher.done


def test_a_client_masks_every_frame_and_a_server_none():
    for role, masked in ((Role.CLIENT, True), (Role.SERVER, False)):
        end = Encoder(role)
        sent = end.messages(1, [b"x"]) + end.ping() + end.pong() + end.close()
        frames = [
            item
            for item in items(Receiver(role.peer, frames=True), sent)
            if isinstance(item, Frame)
        ]
        assert [frame.mask_key is not None for frame in frames] == [masked] * 4


def test_a_close_without_a_code_is_empty():
    assert Encoder(Role.SERVER).close(1005) == b"\x88\x00"


def test_a_long_reason_is_cut_between_characters():
    sent = Encoder(Role.SERVER).close(1000, "€" * 100)
    assert events(client(), [sent]) == [Close(1000, "€" * 41)]


@given(st.text(), st.integers(0, 50))
def test_cutting_utf8_leaves_utf8(text, size):
    data = text.encode()
    cut = cut_utf8(data, size)
    assert data.startswith(cut)
    assert size - len(cut) < 4 or len(data) < size
    cut.decode()


@pytest.mark.parametrize("frames", [True, False])
@pytest.mark.parametrize("size", [0, 3, 125, 126, 70000])
def test_the_evidence_of_a_run_is_the_header_on_the_wire(size, frames):
    frame = Frame(Opcode.BINARY, bytes(size), mask_key=b"\x01\x02\x03\x04")
    receiver = Receiver(Role.CLIENT, frames=frames, max_size=100_000)
    violation = items(receiver, frame.to_bytes() * 2)[-1]
    assert f"mask key 01020304, length {size:,} in {frame.length_form} bits" in str(violation)
