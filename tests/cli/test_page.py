"""The pages of ``wscli view --html`` and ``wscli export --to html``: their events and files."""

import base64
import json
import re
import stat

import pytest

from tests.program import call, wscli


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """A recording of two connections with messages, pings and frames."""
    path = tmp_path_factory.mktemp("recording") / "session <1>.jsonl"
    for words in (["one", '{"id":2}'], ["three"]):
        result = wscli("send", "-vv", "--record", path, "--append", "demo:", *words)
        assert result.status == 0
    return path


def events_of(page):
    """Return the events that a page has."""
    blocks = re.findall(r'(?s)<script type="application/jsonl">\n(.*?)</script>', page.decode())
    return [json.loads(line) for block in blocks for line in block.splitlines()]


def shown(recording, *options):
    """Return the events of the page that ``wscli view`` writes."""
    result = call("view", "--html", "-", *options, recording)
    assert (result.status, result.err) == (0, "")
    return events_of(result.out)


def texts(events):
    return [(event["direction"], event["text"]) for event in events if event["event"] == "message"]


def test_a_page_has_all_events_of_the_recording(recording):
    lines = [json.loads(line) for line in recording.read_bytes().splitlines()]
    recorded = [line["event"] for line in lines if line["event"] != "recording"]
    assert [event["event"] for event in shown(recording)] == recorded


def test_the_events_of_each_connection_have_its_number(recording):
    assert {event["connection"] for event in shown(recording)} == {1, 2}
    alone = shown(recording, "--connection", "2")
    assert {event["connection"] for event in alone} == {2}
    assert texts(alone) == [("out", "three"), ("in", "three")]


def test_a_page_has_the_messages_that_were_selected_and_every_end(recording):
    events = shown(recording, "--filter", "$.id", "--direction", "in")
    assert texts(events) == [("in", '{"id":2}')]
    assert [event["event"] for event in events].count("close") == 2


def test_a_page_has_no_secrets_if_told(tmp_path):
    path = tmp_path / "recording"
    assert call("send", "--bearer", "s3cret-token", "--record", path, "demo:", "x").status == 0
    for options, is_there in (["--redact"], False), ([], True):
        (opened,) = [event for event in shown(path, *options) if event["event"] == "open"]
        heads = base64.b64decode(opened["request"]["raw"]) + json.dumps(opened).encode()
        assert (b"s3cret-token" in heads) == is_there


def test_export_writes_the_same_page(recording):
    exported = call("export", recording, "--to", "html")
    viewed = call("view", "--html", "-", recording)
    assert exported.out == viewed.out


def test_the_title_of_a_page_is_the_name_of_its_recording(recording):
    page = call("view", "--html", "-", recording).out.decode()
    assert "<title>session &lt;1&gt;.jsonl – wscli</title>" in page
    piped = wscli("view", "--html", "-", "-", stdin=recording.read_bytes()).out.decode()
    assert "<title>stdin – wscli</title>" in piped


def test_a_page_is_for_its_owner_alone_and_replaces_a_file_only_if_told(recording, tmp_path):
    page = tmp_path / "page.html"
    page.write_text("precious")
    refused = call("view", "--html", page, recording)
    assert refused.status == 2
    assert "is not empty" in refused.err
    assert page.read_text() == "precious"
    assert call("view", "--html", page, "--force", recording).status == 0
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert texts(events_of(page.read_bytes()))[0] == ("out", "one")


def test_a_recording_is_not_replaced_by_its_page(recording):
    before = recording.read_bytes()
    result = call("view", "--html", recording, "--force", recording)
    assert result.status == 2
    assert "is the file that is read" in result.err
    assert recording.read_bytes() == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--html", "page", "--json"], "--html and --json exclude each other"),
        (["--html", "page", "--follow"], "--html and --follow exclude each other"),
        (["--force"], "--force needs --html"),
    ],
)
def test_options_that_make_no_sense_with_a_page_are_usage_errors(recording, options, words):
    result = call("view", *options, recording)
    assert result.status == 2
    assert words in result.err
