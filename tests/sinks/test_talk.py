"""The output on stderr: frames, ends, masked secrets, notices; and events as lines of JSON."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.streams import KeptOutput
from wscli.net.opening import TLS, Certificate, Opening, OpeningStep
from wscli.net.url import parse_url
from wscli.session.activity import SentMessage, Stillness
from wscli.session.end import End
from wscli.session.events import Batch, Failed, Opened, Step
from wscli.sinks.human.inspection import InspectionSink
from wscli.sinks.human.palette import Palette
from wscli.sinks.human.talk import TalkSink, describe_end, mask_secrets, show_frame
from wscli.sinks.human.wrapping import cell_width
from wscli.sinks.ndjson import NdjsonSink
from wscli.sinks.notice import NoticeSink
from wscli.sinks.output import Output
from wscli.wire.closing import Side
from wscli.wire.events import Messages
from wscli.wire.frames import Frame
from wscli.wire.handshake import Agreement
from wscli.wire.head import parse_request, parse_response
from wscli.wire.rules import MESSAGE_SIZE, Violation

PLAIN, COLOUR = Palette(colour=False), Palette(colour=True)
START = 1_769_860_800.0
KEY = b"\1\2\3\4"
HOSTILE = st.text(max_size=30) | st.sampled_from(
    ["\x1b]0;x\x07", "a\r\nb", "\x9b2J", "\u202e", "漢字" * 40, "x" * 300, "\t|\t", ""]
)
STYLES = "\x1b\\[[0-9;]*m"
CONTROLS = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]"


def said(make, *calls):
    """Return the text that a sink writes when its methods are called with one argument each."""
    stream = KeptOutput()
    sink = make(Output(stream))
    for name, argument in calls:
        getattr(sink, name)(argument)
    return stream.written.decode()


def talk(verbosity, palette=PLAIN, **options):
    return lambda output: TalkSink(output, palette, verbosity, **options)


def notice(*, reasons):
    return lambda output: NoticeSink(output, PLAIN, reasons=reasons)


def opening(**fields):
    made = Opening(parse_url("ws://example.com/"))
    vars(made).update(fields)
    return made


def opened(**fields):
    return Opened(opening(**fields), START, 0.25)


def agreement(subprotocol=None, extensions=None, declined=()):
    return Agreement(subprotocol, extensions, None, (), declined)


def end(code=1000, **fields):
    return End(code, "", Side.REMOTE, True, START, 2.0)._replace(**fields)


# Frames


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (Frame(1, b"hi"), 'text          fin  rsv 000  no mask  length 2 (7 bits)  "hi"'),
        (Frame(1, b"hi", mask_key=KEY, fin=False), "text          ---  rsv 000  mask 01020304"),
        (Frame(2, b"\x00\xff", rsv=4), "rsv 100  no mask  length 2 (7 bits)  00 ff"),
        (Frame(9, b""), "ping          fin  rsv 000  no mask  length 0 (7 bits)"),
        (Frame(2, b"a", length_form=64), "length 1 (64 bits)  61"),
        (Frame(2, b"abc", length=9000), "length 9,000 (16 bits)  incomplete: 3 received  61 62 63"),
        (Frame(8, b"\x03\xe8"), "1000 normal closure"),
        (Frame(8, b"\x0f\xa1bye"), '4001 private use "bye"'),
        (Frame(8, b"\x03"), "length 1 (7 bits)  03"),
        (Frame(8, b""), "length 0 (7 bits)"),
        (Frame(1, b"hi", rsv=2), "rsv 010  no mask  length 2 (7 bits)  68 69"),
    ],
)
def test_a_frame_is_shown_with_its_fields_and_the_beginning_of_its_payload(frame, words):
    shown = show_frame(frame)
    assert words in shown
    assert shown == shown.rstrip()


@pytest.mark.parametrize(("opcode", "fits"), [(1, 64), (2, 32)])
def test_a_longer_payload_ends_with_an_ellipsis(opcode, fits):
    assert not show_frame(Frame(opcode, b"a" * fits)).endswith("…")
    assert show_frame(Frame(opcode, b"a" * (fits + 1))).endswith("…")


@given(st.integers(0, 15), st.binary(max_size=80), st.integers(0, 7))
def test_a_frame_is_one_line_without_control_characters(opcode, payload, rsv):
    assert not re.search("[\x00-\x1f\x7f-\x9f]", show_frame(Frame(opcode, payload, rsv=rsv)))


@pytest.mark.parametrize("verbosity", range(4))
def test_frames_are_shown_from_vv_on_and_their_bytes_with_vvv(verbosity):
    frames = [Frame(1, b"hi"), Violation(MESSAGE_SIZE, "2 bytes"), Messages(1, [b"hi"])]
    text = said(talk(verbosity), ("batch", Batch(True, 0, 0, frames)))
    assert ("< text" in text) == (verbosity >= 2)
    assert ("* the peer " in text) == (verbosity >= 2)
    assert ("< 00000000  81 02 68 69" in text) == (verbosity >= 3)
    assert TalkSink(Output(KeptOutput()), PLAIN, verbosity).wants_frames == (verbosity >= 2)


def test_the_mark_of_a_frame_is_its_direction():
    batches = [Batch(incoming, 0, 0, [Frame(1, b"hi")]) for incoming in (True, False)]
    text = said(talk(3), *(("batch", batch) for batch in batches))
    assert [line[0] for line in text.splitlines()] == ["<", "<", ">", ">"]


# The end


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "closed with 1000 normal closure, initiated by the peer, after 2.0 s"),
        ({"began": Side.LOCAL, "sent": 1000}, "1000 normal closure, initiated by wscli, after"),
        ({"began": None, "code": 1005}, "closed with 1005 no status received, after 2.0 s"),
        (
            {"code": 1006, "detail": "reset", "began": None},
            "lost (1006 abnormal closure): reset, after 2.0 s",
        ),
        (
            {"code": 1006, "detail": "reset", "began": None, "still": Stillness(60.2, None)},
            "reset (idle for 60.2 s: the default of nginx's proxy_read_timeout",
        ),
        (
            {"code": 1006, "detail": "reset", "still": Stillness(0.5, SentMessage(3, 1, 7))},
            "reset (500.0 ms after message 3, text, 7 B), after a Close from the peer, after",
        ),
        (
            {"code": 1006, "detail": "gone", "hung_up": True, "began": Side.LOCAL, "sent": 1001},
            "closed with 1001 going away, initiated by wscli; the peer ended TCP without answering",
        ),
    ],
)
def test_an_end_has_its_cause_its_initiator_and_its_time(fields, words):
    assert words in describe_end(end(**fields))


@pytest.mark.parametrize(
    ("fields", "is_error"),
    [({}, False), ({"code": 1011}, True), ({"code": 1006, "detail": "reset"}, True)],
)
def test_an_end_that_is_an_error_has_the_colour_of_errors(fields, is_error):
    text = said(talk(1, COLOUR), ("ended", end(**fields)))
    assert text.startswith(COLOUR.paint("error" if is_error else "dim", "* ")[:-4])


# The opening


@pytest.mark.parametrize(
    ("agreed", "words"),
    [
        (agreement(), "* open after 250.0 ms: no subprotocol, no extension\n"),
        (agreement("chat", "permessage-deflate"), ": subprotocol chat, permessage-deflate\n"),
    ],
)
def test_the_agreement_is_written_only_with_v(agreed, words):
    call = ("opened", opened(agreement=agreed))
    assert words in said(talk(1), call)
    assert said(talk(0), call) == ""
    assert said(talk(2), ("opened", opened())) == ""


@pytest.mark.parametrize("verbosity", [0, 1])
def test_a_declined_subprotocol_is_reported_at_any_verbosity(verbosity):
    call = ("opened", opened(agreement=agreement(declined=("a", "b"))))
    text = said(talk(verbosity), call)
    assert "! " not in text
    assert text.count("chose none of the subprotocols offered (a, b)") == 1


def test_the_addresses_of_a_name_are_written_but_not_those_of_an_address():
    found = opening(looked_up="h", addresses=("::1", "127.0.0.1"), timings={"name": 0.01})
    given_address = opening(looked_up="::1", addresses=("::1",), timings={"name": 0.01})
    make = talk(1)
    text = said(make, ("step", Step(OpeningStep.NAME, found, START, 0.01)))
    assert text == "* looked up h: ::1, 127.0.0.1 (10.0 ms)\n"
    assert said(make, ("step", Step(OpeningStep.NAME, given_address, START, 0.01))) == ""


# Secrets

BASIC = "Basic c2VjcmV0OnBhc3N3b3Jk"
NAMES = ["Authorization", "PROXY-authorization", "cookie", "Set-Cookie"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("mark", ["<", ">"])
def test_a_masked_header_keeps_its_name_and_four_characters(name, mark):
    assert mask_secrets([(mark, f"{name}:  {BASIC}")]) == [(mark, f"{name}:  Basi…")]


@pytest.mark.parametrize(
    ("value", "shown"), [("", ""), ("a", "…"), ("abcd", "…"), ("abcde", "abcd…")]
)
def test_a_short_secret_is_masked_completely(value, shown):
    assert mask_secrets([("<", f"Cookie: {value}")]) == [("<", f"Cookie: {shown}")]


@pytest.mark.parametrize("begin", [" ", "\t"])
def test_a_secret_on_a_folded_line_is_masked_too(begin):
    lines = [(">", "Cookie: abcdef"), (">", f"{begin}secret"), (">", f"{begin}more"), (">", "A: b")]
    masked = mask_secrets(lines)
    assert masked == [(">", "Cookie: abcd…"), (">", " …"), (">", " …"), (">", "A: b")]


@pytest.mark.parametrize(
    "line", ["X-Authorization: a secret", "Cookies: abcdef", "Accept: cookie: abcdef", ""]
)
def test_other_headers_are_not_masked(line):
    lines = [("<", line), ("<", " and its second line")]
    assert mask_secrets(lines) == lines


def test_remarks_are_not_masked():
    assert mask_secrets([("*", "Cookie: abcdef")]) == [("*", "Cookie: abcdef")]


@given(st.lists(st.sampled_from([*NAMES, "Host", "X-A"]), min_size=1, max_size=6))
def test_masking_leaves_no_secret_and_no_line_out(names):
    lines = [(">", f"{name}: {BASIC}" if name in NAMES else f"{name}: x") for name in names]
    masked = mask_secrets(lines)
    assert len(masked) == len(lines)
    assert not any("c2VjcmV0" in line for _, line in masked)


def test_a_line_says_once_that_credentials_are_masked():
    request = parse_request(b"GET / HTTP/1.1\r\nCookie: abcdef\r\n\r\n")
    steps = [("step", Step(OpeningStep.REQUEST, opening(request=request), START, 0.0))] * 2
    text = said(talk(1, mask=True), *steps)
    assert text.count("credentials are masked here") == 1
    assert "abcdef" not in text
    assert "abcdef" in said(talk(1), *steps)


# Notices without -v


@pytest.mark.parametrize("reasons", [True, False])
@pytest.mark.parametrize(
    ("fields", "is_normal"),
    [({"reason": "bye"}, True), ({"reason": ""}, False), ({"code": 1011, "reason": "no"}, False)],
)
def test_the_reason_of_a_normal_close_is_a_notice(reasons, fields, is_normal):
    text = said(notice(reasons=reasons), ("ended", end(**fields)))
    expected = 'wscli: the connection was closed with 1000 normal closure: "bye"\n'
    assert text == (expected if reasons and is_normal else "")


@pytest.mark.parametrize("agreed", [None, agreement("chat"), agreement()])
def test_an_ordinary_opening_writes_no_notice(agreed):
    make = notice(reasons=True)
    assert said(make, ("opened", opened(agreement=agreed))) == ""


def test_declined_subprotocols_are_a_notice():
    make = notice(reasons=False)
    text = said(make, ("opened", opened(agreement=agreement(declined=("a\x1b",)))))
    assert text.startswith("wscli: the server chose none of the subprotocols offered (a␛)")


# Hostile text from a peer


@st.composite
def hostile_openings(draw):
    """An opening in which a hostile peer chose every text."""
    value = draw(HOSTILE).encode(errors="replace").replace(b"\r", b"").replace(b"\n", b"")
    head = b"HTTP/1.1 101 " + value + b"\r\nX-Peer: " + value + b"\r\nServer: " + value
    text = draw(HOSTILE)
    return opening(
        response=parse_response(head + b"\r\n\r\n"),
        request=parse_request(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
        body=draw(HOSTILE).encode(errors="replace"),
        looked_up=text,
        addresses=("::1", text),
        address=text,
        proxy=text,
        tls=TLS(text, text, Certificate(text, text, (text,), START)),
        agreement=agreement(text, text, draw(st.sampled_from([(), (text,)]))),
        timings={"name": 1e-9, "tcp": 12_345.6, "proxy": 0.0, "tls": 0.5},
    )


@settings(max_examples=40)
@given(hostile_openings(), st.sampled_from([PLAIN, COLOUR]))
def test_no_control_character_of_an_opening_reaches_a_terminal(made, palette):
    calls = [("step", Step(name, made, START, 0.1)) for name in OpeningStep if name != "probe"]
    calls.append(("opened", Opened(made, START, 0.25)))
    text = said(talk(3, palette), *calls)
    text += said(lambda output: InspectionSink(output, palette, 80), *calls)
    if palette is COLOUR:
        text = re.sub(STYLES, "", text)
    assert not re.search(CONTROLS, text)


@settings(max_examples=40)
@given(hostile_openings(), st.integers(40, 200))
def test_the_tables_of_a_report_are_never_wider_than_the_terminal(made, width):
    text = said(
        lambda output: InspectionSink(output, PLAIN, width), ("opened", Opened(made, START, 0.25))
    )
    table = text.partition("\nresponse\n")[2]
    assert table
    assert max(cell_width(line) for line in table.splitlines()) <= width


@pytest.mark.parametrize("width", [40, 80, None])
def test_a_long_value_is_folded_and_nothing_is_lost(width):
    value = "".join(f"{number:04}" for number in range(100))
    response = parse_response(f"HTTP/1.1 403 No\r\nX-Long: {value}\r\n\r\n".encode())
    call = ("opened", Opened(opening(response=response), START, 0.25))
    text = said(lambda output: InspectionSink(output, PLAIN, width), call)
    table = text.partition("\nresponse\n")[2]
    assert "".join(table.replace("X-Long", "").split()) == value


@pytest.mark.parametrize("palette", [PLAIN, COLOUR])
@pytest.mark.parametrize("text", ["", "a"])
def test_without_colour_or_text_a_palette_adds_nothing(palette, text):
    painted = palette.paint("error", text)
    assert (painted == text) == (palette is PLAIN or not text)
    assert re.sub(STYLES, "", painted) == text


# Events


def events(*calls, **options):
    text = said(lambda output: NdjsonSink(output, **options), *calls)
    return [json.loads(line) for line in text.split("\n")[:-1]]


STEP = ("step", Step(OpeningStep.REQUEST, opening(address="::1"), START, 0.1))
FAILED = ("failed", Failed(5, "refused", "", "", START, 0.5))


@pytest.mark.parametrize("steps", [True, False])
def test_the_first_event_has_the_version_and_no_other(steps):
    written = events(STEP, ("opened", opened()), ("ended", end()), steps=steps)
    assert [fields["event"] for fields in written] == ["step"] * steps + ["open", "close"]
    assert [fields.get("v") for fields in written] == [1, *[None] * (len(written) - 1)]


def test_if_a_batch_comes_first_no_event_has_the_version():
    written = events(("batch", Batch(True, START, 0, [Messages(1, [b"a"])])), ("ended", end()))
    assert ["v" in fields for fields in written] == [False, False]


def test_an_error_event_has_the_failed_attempt_unless_the_connection_was_open():
    (failed,) = events(STEP, FAILED)
    assert failed["opening"]["address"] == "::1"
    *_, failed = events(STEP, ("opened", opened()), FAILED)
    assert "opening" not in failed
    (failed,) = events(FAILED)
    assert "opening" not in failed


def test_every_event_has_the_number_of_its_connection():
    batch = ("batch", Batch(True, START, 0, [Messages(1, [b"a", b"b"])]))
    written = events(("opened", opened()), batch, ("ended", end()), connection=3)
    assert [fields["connection"] for fields in written] == [3, 3, 3, 3]


@pytest.mark.parametrize("frames", [True, False])
def test_frames_and_violations_are_events_only_on_request(frames):
    items = [Frame(1, b"a"), Violation(MESSAGE_SIZE, "2 bytes"), Messages(1, [b"a"])]
    written = events(("batch", Batch(True, START, 0, items)), frames=frames)
    kinds = ["frame", "violation"] * frames + ["message"]
    assert [fields["event"] for fields in written] == kinds


@given(HOSTILE)
def test_with_escapes_an_event_has_the_same_value_without_control_characters(text):
    payload = text.encode(errors="replace")
    call = ("batch", Batch(True, START, 0, [Messages(1, [payload])]))
    escaped = said(lambda output: NdjsonSink(output, escape=True), call)
    assert not re.search(CONTROLS, escaped)
    assert [json.loads(escaped)] == events(call)
    assert json.loads(escaped)["text"].encode() == payload
