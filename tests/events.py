"""Strategies for every event; times are whole microseconds, as in a recording."""

from typing import get_args

from hypothesis import strategies as st

from tests.streams import frames
from wscli.kinds import ServiceKind
from wscli.net.opening import PHASES, TLS, Certificate, Opening, OpeningStep
from wscli.net.url import Url
from wscli.session.activity import SentMessage, Stillness
from wscli.session.end import End
from wscli.session.events import Batch, Failed, Opened, Step
from wscli.wire.closing import Side
from wscli.wire.deflate import PerMessageDeflate
from wscli.wire.diagnosis import PlainResponse
from wscli.wire.events import Messages, Ping, Pong
from wscli.wire.frames import Frame
from wscli.wire.handshake import Agreement, Fault
from wscli.wire.head import parse_request, parse_response
from wscli.wire.rules import FRAME_RULES, HTTP_RESPONSE, PAYLOAD_RULES, Violation

RULES = [*(rule for rule, _ in FRAME_RULES), *PAYLOAD_RULES, HTTP_RESPONSE]
TEXT = st.text(max_size=10) | st.sampled_from(
    ["\x00\x1f\x7f\x85", '"\\/\b', "\u2028\u202e", "\U0001f600"]
)
TIMES = st.integers(0, 2_000_000_000_000_000).map(lambda micro: micro / 1e6)
SECONDS = st.integers(0, 10**11).map(lambda micro: micro / 1e6)
BYTES = st.binary(max_size=40)
REQUESTS = st.sampled_from(
    [
        parse_request(b"GET / HTTP/1.1\r\n\r\n"),
        parse_request(b"GET /?x=%FF HTTP/1.1\nHost:\ta\nhost:  b \n\n"),
        parse_request(b"GET /\xff HTTP/1.1\r\nCookie: \xc3\xbc\r\nCookie: \xfc\x1b\r\n\r\n"),
    ]
)
RESPONSES = st.sampled_from(
    [
        parse_response(b"HTTP/1.1 101\r\n\r\n"),
        parse_response(b"HTTP/1.0 404 N\xf6t Found\nX-A:b\nx-a:  \xff\x85\n\n"),
        parse_response(
            b"HTTP/1.1 200 \xc3\xbc\r\nSet-Cookie: a=1\r\nset-cookie: b=\x1b[2J\r\n\r\n"
        ),
    ]
)
INTERIM = st.sampled_from([b"", b"HTTP/1.1 103 Early Hints\r\nLink: \xff\r\n\r\n"])
URLS = st.builds(
    Url,
    st.booleans(),
    st.sampled_from(["example.com", "localhost", "127.0.0.1", "::1", "xn--bcher-kva.example"]),
    st.integers(1, 65535),
    TEXT.map(lambda rest: f"/{rest}"),
    user=st.none(),  # never written
    password=st.none(),
)
CERTIFICATES = st.builds(
    Certificate, TEXT, TEXT, st.lists(TEXT, max_size=3).map(tuple), st.none() | TIMES
)
TIMINGS = st.fixed_dictionaries({}, optional=dict.fromkeys(PHASES, SECONDS))
DEFLATES = st.builds(
    PerMessageDeflate, st.booleans(), st.booleans(), st.integers(8, 15), st.integers(8, 15)
)
AGREEMENTS = st.builds(
    Agreement,
    st.none() | TEXT,
    st.none() | TEXT,
    st.none() | DEFLATES,
    st.lists(st.builds(Fault, TEXT, TEXT, TEXT), max_size=2).map(tuple),
    st.lists(TEXT, max_size=2).map(tuple),
)


@st.composite
def openings(draw):
    """An opening of which anything may be known."""
    opening = Opening(draw(URLS))
    opening.timings = draw(TIMINGS)
    opening.looked_up = draw(st.none() | TEXT)
    opening.addresses = tuple(draw(st.lists(TEXT, max_size=2)))
    opening.address = draw(st.none() | TEXT)
    opening.proxy = draw(st.none() | TEXT)
    opening.proxy_request = draw(st.none() | BYTES)
    opening.proxy_response = draw(st.none() | BYTES)
    opening.tls = draw(st.none() | st.builds(TLS, TEXT, TEXT, st.none() | CERTIFICATES))
    opening.request = draw(st.none() | REQUESTS)
    opening.interim = draw(INTERIM)
    opening.response = draw(st.none() | RESPONSES)
    if opening.response is None:
        opening.received = draw(BYTES)
    else:
        opening.received = opening.interim + opening.response.raw
    opening.body = draw(BYTES)
    opening.agreement = draw(st.none() | AGREEMENTS)
    opening.opinion = draw(st.none() | TEXT)
    opening.probe = draw(st.none() | st.builds(PlainResponse, RESPONSES, BYTES))
    return opening


@st.composite
def steps(draw):
    """A step of an attempt; one that is timed has its time."""
    opening, name = draw(openings()), draw(st.sampled_from(OpeningStep))
    if name in PHASES:
        opening.timings[name] = draw(SECONDS)
    return Step(name, opening, draw(TIMES), draw(SECONDS))


@st.composite
def incomplete_frames(draw):
    """A frame whose payload has not arrived completely."""
    payload = draw(st.binary(max_size=20))
    length = len(payload) + draw(st.sampled_from([1, 200, 70_000, 1 << 62]))
    key = draw(st.none() | st.binary(min_size=4, max_size=4))
    return Frame(draw(st.integers(0, 15)), payload, mask_key=key, length=length)


SERVICES = st.sampled_from(get_args(ServiceKind))
VIOLATIONS = st.builds(
    Violation,
    st.sampled_from(RULES),
    TEXT,
    TEXT,
    st.none()
    | st.tuples(SERVICES, st.just({}))
    | st.tuples(SERVICES, st.fixed_dictionaries({"debugger_url": TEXT})),
)
TEXT_MESSAGES = TEXT.map(lambda text: Messages(1, [text.encode()]))
ITEMS = st.one_of(
    TEXT_MESSAGES,
    st.binary().map(lambda payload: Messages(2, [payload])),
    st.builds(Ping, st.binary(max_size=125)),
    st.builds(Pong, st.binary(max_size=125), st.none() | SECONDS),
    frames(),
    TEXT.map(lambda text: Frame(1, text.encode())),
    incomplete_frames(),
    VIOLATIONS,
)
# The subprotocol is that of the event ``open``, and not repeated in each line.
BATCHES = st.builds(
    Batch, st.booleans(), TIMES, SECONDS, st.lists(ITEMS, min_size=1, max_size=5), st.none()
)
STILLNESSES = st.builds(
    Stillness,
    SECONDS,
    st.none() | st.builds(SentMessage, st.integers(1), st.integers(1, 2), st.integers(0)),
)
ENDS = st.builds(
    End,
    st.integers(0, 65535),
    TEXT,
    st.none() | st.sampled_from(Side),
    st.booleans(),
    TIMES,
    SECONDS,
    st.none() | VIOLATIONS,
    st.none() | SECONDS,
    TEXT,
    st.none() | st.integers(0, 65535),
    st.booleans(),
    STILLNESSES,
)
FAILURES = st.builds(
    Failed,
    st.integers(0, 255),
    TEXT,
    TEXT,
    TEXT,
    TIMES,
    SECONDS,
    st.none() | openings(),
)
OPENED = st.builds(Opened, openings(), TIMES, SECONDS)
EVENTS = steps() | OPENED | ENDS | FAILURES
"""Every event but a batch, which may be several lines."""
