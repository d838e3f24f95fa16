"""Deliberate faults, checked byte for byte."""

import socket

import pytest

from tests.raw import Client, request
from wscli.server.endpoints.faults import BEHAVIOURS, FRAMES
from wscli.session.pipeline import Sink
from wscli.wire.events import Messages
from wscli.wire.frames import Frame
from wscli.wire.handshake import accept_value, check_response
from wscli.wire.head import parse_request
from wscli.wire.rules import Violation

RULES = {"bad-utf8": "text-utf8"}


@pytest.mark.parametrize("kind", FRAMES)
def test_a_bad_frame_breaks_the_rule_of_its_name_and_no_other(serve, kind):
    with Client(serve()) as client:
        client.open(f"/fault/{kind}")
        violation = client.next(Violation)
        assert violation.rule.id == RULES.get(kind, kind)


@pytest.mark.parametrize("kind", FRAMES)
def test_the_close_of_a_client_after_a_bad_frame_is_answered(serve, kind):
    server = serve()
    with Client(server) as client:
        client.open(f"/fault/{kind}")
        client.send(client.encoder.close(1002, "for shame"))
        assert client.read_to_end().endswith(b"\x88\x02\x03\xea")
    visit = server.visit()
    assert (visit.code, visit.reason, visit.by, visit.clean) == (1002, "for shame", "client", True)


def test_bad_accept_belongs_to_another_key(serve):
    asked = request("/fault/bad-accept", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
    with Client(serve()) as client:
        response = client.open("/fault/bad-accept")
    faults = check_response(parse_request(asked), response).faults
    assert [fault.id for fault in faults] == ["accept"]
    assert response.headers.get("Sec-WebSocket-Accept") != accept_value("dGhlIHNhbXBsZSBub25jZQ==")


def test_drop_resets_tcp_in_the_middle_of_a_frame(serve):
    with Client(serve()) as client:
        client.open("/fault/drop")
        received = client.read()
        assert int.from_bytes(received[2:4], "big") > len(received)
        with pytest.raises(ConnectionResetError):
            client.read()


def test_stall_sends_nothing(serve):
    with Client(serve()) as client:
        client.open("/fault/stall")
        client.text("hello?")
        client.send(client.encoder.ping(b"hello?") + client.encoder.close())
        client.sock.shutdown(socket.SHUT_WR)
        assert client.read_to_end() == b""


def test_slow_sends_every_byte_one_at_a_time(serve):
    with Client(serve()) as client:
        client.open("/fault/slow")
        sent = client.encoder.messages(1, [b"slowly"]) + client.encoder.ping(b"p")
        client.send(sent + client.encoder.close(1000))
        pieces = [client.read()]
        while pieces[-1]:
            pieces.append(client.read())
        expected = [Frame(1, b"one byte every 10 ms"), Frame(10, b"p"), Frame(1, b"slowly")]
        expected.append(Frame(8, b"\x03\xe8"))
        assert b"".join(pieces) == b"".join(frame.to_bytes() for frame in expected)
        assert len(pieces) > 10


def test_a_violation_is_recorded_even_if_more_follows(serve):
    server = serve()
    ends = []
    sink = server.sinks[1] = Sink()
    sink.ended = ends.append
    with Client(server) as client:
        client.open("/fault/slow")  # it answers slowly, so that there is time to say more
        client.send(b"\x83\x80\x00\x00\x00\x00")
        while b"\x88" not in client.read():
            pass
        client.text("more")
        client.read_to_end()
    server.visit()
    assert ends[0].violation.rule.id == "reserved-opcode"


def test_no_close_ends_tcp_without_a_close_frame(serve):
    with Client(serve()) as client:
        client.open("/fault/no-close")
        assert client.next(Messages).payloads == [b"after this comes no Close"]
        assert client.read() == b""


@pytest.mark.parametrize("kind", [*FRAMES, *BEHAVIOURS])
def test_the_server_still_works_after_each_fault(serve, kind):
    server = serve()
    with Client(server) as client:
        client.open(f"/fault/{kind}")
        client.text("x")
    server.visit()
    with Client(server) as client:
        client.open("/echo")
        client.text("well?")
        assert client.message() == b"well?"
