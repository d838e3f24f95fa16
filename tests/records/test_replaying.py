"""A recording shows the live output again: ``-v``, ``-vvv``, ``inspect`` and the end."""

import io
import re

import pytest

from tests.program import wscli
from tests.raw import Client
from tests.streams import KeptOutput, items
from wscli.net.opening import TLS, Certificate, Opening, OpeningStep
from wscli.net.url import parse_url
from wscli.records.events import read_events, to_json
from wscli.session.activity import SentMessage, Stillness
from wscli.session.end import End, describe_close, describe_stillness, error_of
from wscli.session.events import Batch, Failed, Opened, Step
from wscli.session.pipeline import Sink
from wscli.sinks.human.inspection import InspectionSink
from wscli.sinks.human.palette import Palette
from wscli.sinks.human.talk import TalkSink, describe_end
from wscli.sinks.ndjson import NdjsonSink
from wscli.sinks.output import Output
from wscli.wire.closing import Side
from wscli.wire.codes import Role
from wscli.wire.diagnosis import PlainResponse
from wscli.wire.frames import Frame
from wscli.wire.handshake import check_response
from wscli.wire.head import parse_request, parse_response
from wscli.wire.receiver import Receiver
from wscli.wire.rules import CLOSE_CODE, FRAME_RULES, HTTP_RESPONSE, MESSAGE_SIZE, Violation

START = 1_769_860_800.25
REQUEST = (
    b"GET /feed?x=1 HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"
    b"Authorization: Bearer secret\r\nX-Name: \xc3\xbc\r\n\r\n"
)
ACCEPTED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSet-Cookie: \xff\x1b[2J\r\n"
)
AGREED = b"Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
REFUSED = b"HTTP/1.1 403 Forbidden\nContent-Type: application/json\n\n"


def play(event, sink):
    """Show an event to a sink."""
    shows = {
        Step: sink.step,
        Opened: sink.opened,
        Batch: sink.batch,
        End: sink.ended,
        Failed: sink.failed,
    }
    shows[type(event)](event)


def talk(verbosity, **options):
    return lambda output: TalkSink(output, Palette(colour=False), verbosity, **options)


def inspection(width):
    return lambda output: InspectionSink(output, Palette(colour=False), width)


SINKS = {
    "-v": talk(1),
    "-v masked": talk(1, mask=True),
    "-vvv": talk(3),
    "inspect in a pipe": inspection(None),
    "inspect at a terminal": inspection(80),
    "json": lambda output: NdjsonSink(output, steps=True, frames=True),
}


def shown(events, view):
    stream = KeptOutput()
    sink = SINKS[view](Output(stream))
    for event in events:
        play(event, sink)
    return stream.written.decode(errors="surrogateescape")


def opening(response=ACCEPTED + AGREED, **fields):
    record = Opening(parse_url("wss://me:secret@example.com/feed?x=1"))
    record.looked_up = "example.com"
    record.addresses = ("192.0.2.1", "2001:db8::1")
    record.address = "192.0.2.1:443"
    record.timings = {"name": 0.0031, "tcp": 0.012, "tls": 0.0245, "upgrade": 0.0131}
    certificate = Certificate("CN=h", "O=CA", ("h", "*.h"), START + 90 * 86400)
    record.tls = TLS("TLSv1.3", "TLS_AES_256_GCM_SHA384", certificate)
    record.request = parse_request(REQUEST)
    record.response = parse_response(response)
    record.opinion = "accepted"
    if record.response.status == 101:
        record.agreement = check_response(record.request, record.response)
    vars(record).update(fields)
    return record


def behind_a_proxy():
    return opening(
        timings={"name": 0.001, "tcp": 0.002, "proxy": 0.5, "upgrade": 0.01},
        tls=None,
        looked_up="proxy",
        proxy="http://proxy:3128",
        proxy_request=b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n",
        proxy_response=b"HTTP/1.1 200 OK\r\nVia: \xfc\r\n\r\n",
    )


def refused():
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
    return opening(
        REFUSED,
        body='{"error":"über"}'.encode() + b"\xff",
        probe=PlainResponse(parse_response(answer), b"<p>\xff"),
    )


OPENINGS = {
    "TLS": opening(),
    "a proxy": behind_a_proxy(),
    "interim responses": opening(interim=b"HTTP/1.1 103 Early Hints\r\nLink: \xff\r\n\r\n"),
    "a subprotocol that was declined": opening(ACCEPTED + b"\r\n"),
    "a 101 with faults": opening(b"HTTP/1.0 101 OK\r\nSec-WebSocket-Accept: x\r\n\r\n"),
    "a verdict that differs": opening(ACCEPTED + AGREED, opinion="Invalid WebSocket Header"),
    "a refusal": refused(),
    "bytes that are not HTTP": opening(received=b"SSH-2.0\r\n\xff", response=REFUSED),
    "no response": opening(),
}
OPENINGS["bytes that are not HTTP"].response = OPENINGS["no response"].response = None


def events(record):
    """Return a session with this opening: steps, messages and frames, the end, an error."""
    names = [name for name in OpeningStep if name in record.timings]
    names += [OpeningStep.REQUEST] + [OpeningStep.RESPONSE] * (record.response is not None)
    names += [OpeningStep.PROBE] * (record.probe is not None)
    steps = [Step(name, record, START, 0.5) for name in names]
    failed = Failed(5, "refused", "HTTP/1.1 403", "--origin", START + 1, 1.5)
    if record.agreement is None:
        return [*steps, failed._replace(opening=record)]
    return [*steps, Opened(record, START, 0.5), *batches(), end(), failed]


def batches():
    key = b"\x37\xfa\x21\x3d"
    sent = [Frame(1, b'{"a":1}', mask_key=key), Frame(9, b"beat", mask_key=key, length_form=16)]
    received = [
        Frame(10, b"beat"),
        Frame(1, "hé\x1b".encode()),
        Frame(2, bytes(range(256))),
        Frame(1, b"frag\xc3", fin=False),
        Frame(0, b"\xbc", length_form=64),
        Frame(2, b"x" * 70_000),
        Frame(3, b"reserved", rsv=3),
        Frame(2, b"cut", length=1 << 20),
    ]
    for incoming, frames in ((False, sent), (True, received)):
        role = Role.CLIENT if incoming else Role.SERVER
        data = b"".join(frame.to_bytes() for frame in frames)
        seen = items(Receiver(role, frames=True, strict=False), data)
        yield Batch(incoming, START, 0.6, [*seen, frames[-1]])
    yield Batch(True, START, 0.7, [Violation(FRAME_RULES[0][0], "text frame, fin, rsv 010")])


def end(**fields):
    return End(1008, "no \x1b more", Side.REMOTE, True, START + 65.3, 65.3)._replace(**fields)


def read_back(recorded):
    lines = b"".join(map(to_json, recorded)).splitlines(keepends=True)
    return [event for event, _ in read_events(lines)]


@pytest.mark.parametrize("view", SINKS)
@pytest.mark.parametrize("name", OPENINGS)
def test_a_recording_shows_what_was_shown_live(name, view):
    live = events(OPENINGS[name])
    assert shown(live, view)
    assert shown(read_back(live), view) == shown(live, view)


def test_a_recording_that_is_recorded_again_is_the_same():
    live = events(OPENINGS["TLS"])
    assert shown(read_back(live), "json") == shown(live, "json")


STILL = Stillness(55.2, None)
ENDS = {
    "closed by the peer": end(),
    "closed by us": end(code=1000, began=Side.LOCAL, sent=1000),
    "answered with another code": end(code=1011, began=Side.LOCAL, sent=1000),
    "left without an answer": end(
        code=1006, reason="", detail="the peer ended", began=Side.LOCAL, sent=1000, hung_up=True
    ),
    "lost while idle": end(code=1006, reason="", detail="reset", began=None, still=STILL),
    "lost after a message": end(
        code=1006,
        reason="",
        detail="reset",
        began=None,
        still=Stillness(0.0213, SentMessage(1234, 2, 70_000)),
    ),
    "a keepalive without a pong": end(code=1006, began=Side.LOCAL, sent=1011, unanswered=2.5),
    "a rule broken": end(violation=Violation(MESSAGE_SIZE, "2 bytes")),
    "DevTools in place of a WebSocket": end(
        violation=Violation(
            HTTP_RESPONSE, "[]", service=("devtools", {"debugger_url": "ws://127.0.0.1:9222/x"})
        )
    ),
    "Node's inspector in its place": end(
        violation=Violation(HTTP_RESPONSE, "", service=("node-inspector", {}))
    ),
    "a close code broken": end(violation=Violation(CLOSE_CODE, "1005", "bye")),
    "evidence of several lines": end(violation=Violation(MESSAGE_SIZE, "HTTP/1.1 400\n\nno")),
}


@pytest.mark.parametrize("name", ENDS)
def test_an_end_is_described_as_it_was_live(name):
    live = ENDS[name]
    (read,) = read_back([live])
    assert describe_end(read) == describe_end(live)
    assert describe_close(read) == describe_close(live)
    assert describe_stillness(read) == describe_stillness(live)
    assert vars_of(error_of(read)) == vars_of(error_of(live))


def vars_of(error):
    return error and (type(error), vars(error))


# Real sessions


def without_durations(text):
    return re.sub(r"[0-9.]+ (ms|s)\b", "TIME", text)


@pytest.mark.parametrize("options", [[], ["-s", "chat"], ["--no-compress", "--fragment", "2"]])
def test_a_recording_of_a_session_shows_its_vvv_again(tmp_path, options):
    path = tmp_path / "recording"
    live = wscli("send", "-vvv", *options, "--record", path, "demo:", "hello ü")
    assert live.status == 0
    with path.open("rb") as file:
        events = [event for event, _ in read_events(file)]
    assert without_durations(shown(events, "-vvv")) == without_durations(live.err)


def test_a_recording_of_a_refused_upgrade_shows_its_report_again(tmp_path):
    path = tmp_path / "recording"
    live = wscli("inspect", "demo:/status/403")
    wscli("send", "--record", path, "demo:/status/403", "x")
    with path.open("rb") as file:
        ((failed, _),) = read_events(file)
    report = shown(
        [Step(OpeningStep.RESPONSE, failed.opening, START, 0.0), failed], "inspect in a pipe"
    )
    changing = r"(Host|Sec-WebSocket-Key|address)(:?) +\S+.*| +[0-9.]+ m?s"
    assert re.sub(changing, r"\1", report) == re.sub(changing, r"\1", live.out.decode())


def test_the_attempts_before_a_redirect_are_recorded_with_v(tmp_path, scripted):
    final = scripted(lambda peer: (peer.accept(), peer.close()))
    path = tmp_path / "recording"
    response = f"HTTP/1.1 302 Found\r\nLocation: {final.url}\r\nContent-Length: 0\r\n\r\n"
    first = scripted(lambda peer: peer.refuse(response))
    wscli("listen", "-v", "-L", "--record", path, first.url)
    with path.open("rb") as file:
        steps = [event for event, _ in read_events(file) if isinstance(event, Step)]
    answers = [step.opening.response.status for step in steps if step.name == "response"]
    assert answers == [302, 101]


def test_the_servers_recording_has_each_connection_byte_for_byte(serve, tmp_path):
    server = serve()
    path = tmp_path / "recording"
    with io.FileIO(path, "w") as stream:
        server.sinks[1] = NdjsonSink(Output(stream), frames=True, connection=1)
        with Client(server) as client:
            client.open()
            client.send(Frame(0x3, b"reserved", mask_key=bytes(4)).to_bytes()[:9])
            assert client.closed().reason == "reserved-opcode"
        server.visit()
    with path.open("rb") as file:
        read = list(read_events(file))
    assert {connection for _, connection in read} == {1}
    opened, *_, end = [event for event, _ in read]
    assert opened.opening.request.raw.startswith(b"GET ")
    assert opened.opening.response.raw.endswith(b"\r\n\r\n")
    assert (end.violation.rule.id, end.sent) == ("reserved-opcode", 1002)
    frames = [item for event, _ in read[1:-1] for item in event.items if isinstance(item, Frame)]
    assert frames[0] == Frame(0x3, b"res", mask_key=bytes(4), length=8)


def test_a_sink_that_shows_nothing_takes_every_event():
    for event in read_back(events(OPENINGS["TLS"])):
        play(event, Sink())
