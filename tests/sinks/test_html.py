"""The page of a recording as a file; the other test_html_*.py see it in a browser."""

import base64
import hashlib
import json
import re
import tracemalloc
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.events import EVENTS
from tests.page_events import HOSTILE, closed, long_session, message, of_connection, opened
from tests.streams import items
from wscli.records.events import Recorded, read_events
from wscli.sinks import html as html_module
from wscli.sinks.html import page_pieces
from wscli.wire.codes import Role
from wscli.wire.frames import Frame
from wscli.wire.receiver import Receiver

LINES = "application/jsonl"


class Elements(HTMLParser):
    """The elements of a page, as a parser of its own finds them, with the text of each script."""

    def __init__(self, page):
        super().__init__()
        self.tags = []
        self.scripts = []
        self.title = ""
        self._in = None
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._in = tag
        if tag == "script":
            self.scripts.append([dict(attrs).get("type"), ""])

    def handle_data(self, data):
        if self._in == "script":
            self.scripts[-1][1] += data
        if self._in == "title":
            self.title += data

    def handle_endtag(self, tag):
        self._in = None


def page_of(events, title="a recording"):
    return b"".join(page_pieces(iter(events), title)).decode()


def lines_of(page):
    """Return the lines of JSON; a payload may have other line ends than LF."""
    blocks = "".join(text for kind, text in Elements(page).scripts if kind == LINES)
    return [line for line in blocks.split("\n") if line]


@settings(max_examples=50)
@given(EVENTS)
def test_the_page_has_an_event_as_a_recording_has_it(event):
    recorded = [Recorded(event, 3)]
    assert list(read_events(lines_of(page_of(recorded)))) == recorded


@pytest.mark.parametrize("payload", [HOSTILE, HOSTILE.encode(), json.dumps({HOSTILE: [HOSTILE]})])
def test_a_payload_cannot_leave_its_block(payload):
    page = page_of(of_connection(1, opened(), message(payload), closed(reason=HOSTILE[:40])))
    harmless = page_of(of_connection(1, opened(), message("x"), closed()))
    assert Elements(page).tags == Elements(harmless).tags
    (event,) = [json.loads(line) for line in lines_of(page) if '"message"' in line]
    data = event["text"] if isinstance(payload, str) else base64.b64decode(event["base64"])
    assert data == payload


def test_no_markup_and_no_unusual_line_end_is_in_a_block():
    page = page_of(of_connection(1, opened(), message(HOSTILE), closed()))
    assert not re.search("[<\0\r\x1b]", "".join(lines_of(page)))


def test_a_title_is_text_and_has_no_unsafe_character():
    title = "<b>\x1b[2J&amp;</title>\u202e.jsonl"
    elements = Elements(page_of(of_connection(1, opened()), title))
    assert elements.title == "<b>␛[2J&amp;</title><U+202E>.jsonl – wscli"
    assert "b" not in [tag for tag, _ in elements.tags]


def test_the_policy_allows_the_one_script_and_the_one_style_sheet_and_no_request():
    page = page_of(long_session(10))
    policy = next(
        attrs["content"]
        for tag, attrs in Elements(page).tags
        if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    script = next(text for kind, text in Elements(page).scripts if kind is None)
    style = re.search("(?s)<style>(.*?)</style>", page)[1]
    assert rules == {
        "default-src": "'none'",
        "script-src": digest(script),
        "style-src": digest(style),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }


def digest(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_page_refers_to_nothing_outside_itself():
    for tag, attrs in Elements(page_of(long_session(10))).tags:
        for name in ("src", "href", "action", "srcset", "data"):
            assert attrs.get(name, "data:").startswith("data:"), (tag, attrs)


def test_what_only_python_can_explain_is_beside_each_event():
    lines = lines_of(page_of(of_connection(3, opened(), closed())))
    first, last = map(json.loads, lines)
    assert first["connection"] == last["connection"] == 3
    names = [name for name, _ in first["request"]["headers"]]
    meanings = dict(zip(names, first["explained"]["request"], strict=True))
    assert meanings["Host"] == "the host and port that the client asks for"
    assert meanings["X-Trace"] == ""
    assert first["explained"]["response"][2].startswith("correct: base64(SHA-1(key + GUID))")
    assert ["TLS", "TLSv1.3, TLS_AES_256_GCM_SHA384"] in first["explained"]["connection"]
    assert last["explained"] == {
        "sentence": 'closed with 1000 normal closure: "bye", initiated by the peer, after 10.0 s',
        "failed": False,
    }


def test_a_close_that_is_an_error_is_marked_as_one():
    (line,) = lines_of(page_of(of_connection(1, closed(code=1011))))
    assert json.loads(line)["explained"]["failed"]


def test_events_without_a_number_belong_to_one_connection():
    lines = lines_of(page_of(of_connection(None, opened(), message("x"))))
    assert {json.loads(line)["connection"] for line in lines} == {1}


def test_frames_and_violations_are_in_the_page():
    receiver = Receiver(Role.CLIENT, frames=True)
    frames = [Frame(1, b"hello"), Frame(1, b"x", mask_key=b"abcd")]
    received = items(receiver, b"".join(frame.to_bytes() for frame in frames))
    event = message("x")._replace(items=received)
    kinds = [json.loads(line)["event"] for line in lines_of(page_of(of_connection(1, event)))]
    assert kinds == ["frame", "message", "frame", "violation"]


def test_a_block_has_whole_lines(monkeypatch):
    monkeypatch.setattr(html_module, "_BLOCK", 1000)
    blocks = [text for kind, text in Elements(page_of(long_session(100))).scripts if kind == LINES]
    assert len(blocks) > 5
    for block in blocks:
        assert [json.loads(line) for line in block.strip().split("\n")]


def test_a_long_recording_is_written_in_little_memory():
    def events():
        yield from of_connection(1, opened())
        for _ in range(6_000):  # 12 MB of page
            yield from of_connection(1, message("x" * 2000))

    tracemalloc.start()
    try:
        for _ in page_pieces(events(), "long"):
            pass
        assert tracemalloc.get_traced_memory()[1] < 6 << 20
    finally:
        tracemalloc.stop()


def test_the_page_of_no_events_is_whole():
    assert page_of([]).rstrip().endswith("</html>")


def test_no_source_of_the_page_ends_its_own_element():
    folder = Path(html_module.__file__).with_name("page")
    for source in folder.glob("*.js"):
        assert not re.search("(?i)</script|<!--", source.read_text(encoding="utf-8")), source.name
    assert "</style" not in (folder / "page.css").read_text(encoding="utf-8").lower()


def test_every_script_of_the_page_is_used():
    folder = Path(html_module.__file__).with_name("page")
    page = page_of([])
    assert all(path.read_text(encoding="utf-8") in page for path in folder.glob("*.js"))
