"""The views of one fixed session match their golden files."""

import base64
import json
import time

import pytest

from tests import golden
from tests.streams import KeptOutput, items
from wscli.apps.display import data_sink, talk_sinks
from wscli.apps.env import Env
from wscli.apps.options import OutputOptions
from wscli.net.opening import TLS, Certificate, Opening, OpeningStep
from wscli.net.url import parse_url
from wscli.session.end import End
from wscli.session.events import Batch, Failed, Opened, Step
from wscli.session.pipeline import Bus
from wscli.sinks.human.inspection import InspectionSink
from wscli.sinks.human.palette import Palette
from wscli.sinks.output import Output
from wscli.wire.closing import Side
from wscli.wire.codes import Role
from wscli.wire.deflate import OFFER
from wscli.wire.frames import Frame
from wscli.wire.handshake import check_response
from wscli.wire.head import parse_request, parse_response
from wscli.wire.receiver import Receiver

START = 1_769_860_800.25  # 2026-01-31T12:00:00.25Z

REQUEST = (
    "GET /feed?x=1 HTTP/1.1\r\nUpgrade: websocket\r\nHost: example.com\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    f"Connection: Upgrade\r\nSec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: {OFFER}\r\n"
    "User-Agent: wscli/0\r\n\r\n"
)
RESPONSE = (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=12\r\n"
    "Set-Cookie: a=1\r\nset-cookie: b=2\r\n\r\n"
)
KEY = b"\x37\xfa\x21\x3d"
SENT = [Frame(1, b'{"subscribe":"prices"}', mask_key=KEY), Frame(9, b"beat", mask_key=KEY)]
RECEIVED = [
    Frame(10, b"beat"),
    Frame(1, b"hello"),
    Frame(
        1,
        '{"seq":1,"price":1.50e3,"name":"Zoë","tags":["a","b"],"more":{"deep":[null,true]}}'.encode(),
    ),
    Frame(1, b"two\nlines\x1b[2J \xe2\x80\xae"),
    Frame(1, b"", rsv=0),
    Frame(2, bytes(range(40))),
    Frame(1, bytes.fromhex("f248cdc9c90700"), rsv=4),
    Frame(1, b"frag", fin=False),
    Frame(0, b"ments"),
    Frame(8, b"\x03\xf0no \x1b more"),
]


def opening():
    record = Opening(parse_url("wss://example.com/feed?x=1"))
    record.looked_up = "example.com"
    record.addresses = ("192.0.2.1", "2001:db8::1")
    record.address = "192.0.2.1:443"
    record.timings = {"name": 0.0031, "tcp": 0.012, "tls": 0.0245, "upgrade": 0.0131}
    record.tls = TLS(
        "TLSv1.3",
        "TLS_AES_256_GCM_SHA384",
        Certificate("CN=example.com", "O=Example CA", ("example.com",), START + 90 * 86400),
    )
    record.request = parse_request(REQUEST.encode())
    record.response = parse_response(RESPONSE.encode())
    record.agreement = check_response(record.request, record.response)
    record.opinion = "accepted"
    return record


def batch(incoming, frames, *, as_frames, after):
    receiver = Receiver(
        Role.CLIENT if incoming else Role.SERVER,
        deflate=opening().agreement.deflate,
        frames=as_frames,
        strict=False,
    )
    received = items(receiver, b"".join(frame.to_bytes() for frame in frames))
    return Batch(incoming, START + after, after, received)


def play(sink):
    """Show the whole session to a sink."""
    record = opening()
    for name in ("name", "tcp", "tls", "request", "upgrade", "response"):
        sink.step(Step(OpeningStep(name), record, START + 0.05, 0.05))
    sink.opened(Opened(record, START + 0.0527, 0.0527))
    sink.batch(batch(False, SENT, as_frames=sink.wants_frames, after=0.06))
    sink.batch(batch(True, RECEIVED, as_frames=sink.wants_frames, after=0.0842))
    sink.ended(End(1008, "no \x1b more", Side.REMOTE, True, START + 65.3, 65.3))


def view(output, *, tty=False, width=80, environ=()):
    """Return the session's output on stdout and stderr together, in the order written."""
    stream = KeptOutput()
    env = Env(stream, stream, stream, dict(environ), stdout_tty=tty, stderr_tty=tty, width=width)
    sinks = [*talk_sinks(output, env), data_sink(output, env)]
    play(Bus(sinks))
    return stream.written.decode()


@pytest.fixture(autouse=True)
def _utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


VIEWS = {
    "plain": (OutputOptions(), {}),
    "quiet": (OutputOptions(quiet=True), {"tty": True}),
    "raw": (OutputOptions(form="raw"), {}),
    "hex": (OutputOptions(form="hex"), {}),
    "timestamps": (OutputOptions(timestamps=True), {}),
    "v": (OutputOptions(verbosity=1), {}),
    "vv": (OutputOptions(verbosity=2), {}),
    "vvv": (OutputOptions(verbosity=3), {}),
    "json": (OutputOptions(form="json"), {}),
    "json-vv": (OutputOptions(form="json", verbosity=2), {}),
    "json-terminal": (OutputOptions(form="json"), {"tty": True}),
    "terminal": (OutputOptions(colour="never"), {"tty": True}),
    "terminal-wide": (OutputOptions(colour="never"), {"tty": True, "width": 200}),
    "terminal-hex": (OutputOptions(colour="never", form="hex"), {"tty": True}),
    "colour": (OutputOptions(), {"tty": True}),
    "colour-vv": (OutputOptions(verbosity=2), {"tty": True}),
}


@pytest.mark.parametrize("name", VIEWS)
def test_each_view_of_a_session_matches_its_golden_file(name):
    output, where = VIEWS[name]
    golden.check(f"view-{name}.txt", view(output, **where))


@pytest.mark.parametrize("name", [name for name, (_, where) in VIEWS.items() if where])
def test_no_control_character_of_the_peer_reaches_a_terminal(name):
    output, where = VIEWS[name]
    text = view(output._replace(colour="never"), **where)
    assert not {"\x1b", "\u202e", "\x07"} & set(text)


@pytest.mark.parametrize(
    ("environ", "tty", "coloured"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"TERM": "dumb"}, True, False),
    ],
)
def test_colour_follows_the_terminal_and_the_environment(environ, tty, coloured):
    assert ("\x1b[2m" in view(OutputOptions(), tty=tty, environ=environ)) == coloured


def test_force_color_and_the_option_override_the_terminal():
    forced = view(OutputOptions(verbosity=1), environ={"FORCE_COLOR": "1"})
    assert "\x1b[2m" in forced
    assert "\x1b[2m" not in view(
        OutputOptions(verbosity=1, colour="never"), environ={"FORCE_COLOR": "1"}
    )
    assert "\x1b[2m" in view(OutputOptions(verbosity=1, colour="always"), environ={"NO_COLOR": "1"})


@pytest.mark.parametrize(("name", "width"), [("pipe", None), ("terminal", 80)])
def test_a_report_of_an_upgrade_matches_its_golden_file(name, width):
    stream = KeptOutput()
    sink = InspectionSink(Output(stream), Palette(colour=False), width)
    play(sink)
    golden.check(f"inspect-{name}.txt", stream.written.decode())


@pytest.mark.parametrize(
    "frame",
    [Frame(1, 'ü\x00"✓\U000e0041\u200d'.encode() * 150_000), Frame(2, bytes(range(256)) * 8000)],
)
@pytest.mark.parametrize("tty", [False, True])
def test_a_large_message_written_in_blocks_is_the_same_event(frame, tty):
    stream = KeptOutput()
    sink = data_sink(OutputOptions(form="json"), Env(stream, stream, stream, {}, stdout_tty=tty))
    sink.batch(batch(True, [frame], as_frames=False, after=0.0))
    event = json.loads(stream.written)
    assert event["size"] == len(frame.payload)
    payload = event["text"].encode() if frame.opcode == 1 else base64.b64decode(event["base64"])
    assert payload == frame.payload


def test_a_large_message_in_hex_is_dumped_in_blocks():
    stream = KeptOutput()
    sink = data_sink(OutputOptions(form="hex"), Env(stream, stream, stream, {}))
    payload = bytes(range(256)) * 2000
    sink.batch(batch(True, [Frame(2, payload)], as_frames=False, after=0.0))
    lines = stream.written.decode().splitlines()
    assert [int(line[:8], 16) for line in lines] == list(range(0, len(payload), 16))
    assert bytes.fromhex("".join(line[10:59] for line in lines)) == payload


def test_an_error_is_an_event():
    stream = KeptOutput()
    env = Env(stream, stream, stream, {})
    sink = data_sink(OutputOptions(form="json"), env)
    sink.failed(Failed(5, "refused", "evidence", "try this", START, 0.5))
    golden.check("view-json-error.txt", stream.written.decode())
