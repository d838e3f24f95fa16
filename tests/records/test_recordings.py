"""Reading whole recordings: formats, lines that were cut off, and the numbers of connections."""

import gzip
import io
import json

import pytest

from wscli.errors import UsageError
from wscli.records.events import from_json
from wscli.records.fields import MalformedEvent
from wscli.records.reading import open_file, read_recording
from wscli.status import ExitStatus, status_of

MOMENT = {"time": "2026-01-31T12:00:00.250000Z", "elapsed": 0.5}
STEP = {"event": "step", **MOMENT, "step": "request", "url": "ws://h/"}
OPEN = {"event": "open", **MOMENT, "url": "ws://h/"}
MESSAGE = {"event": "message", **MOMENT, "direction": "in", "opcode": "text", "text": "hello"}
CLOSE = {"event": "close", **MOMENT, "code": 1000}
ERROR = {"event": "error", **MOMENT, "status": 5, "message": "refused"}


def lines(*events):
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def read(data, remark=lambda _text: None):
    return list(read_recording(io.BytesIO(data), "r.jsonl", remark))


def numbers(*events):
    return [connection for _, connection in read(lines(*events))]


def test_the_events_of_a_recording_are_read():
    assert [event for event, _ in read(lines(OPEN, MESSAGE, CLOSE))] == [
        from_json(json.dumps(event)) for event in (OPEN, MESSAGE, CLOSE)
    ]


@pytest.mark.parametrize("cut", range(1, len(lines(MESSAGE)) - 1, 7))
def test_a_last_line_that_was_cut_off_is_left_out_with_a_remark(cut):
    remarks = []
    events = read(lines(OPEN, MESSAGE) + lines(MESSAGE)[:cut], remarks.append)
    assert len(events) == 2
    assert remarks == ["r.jsonl ends in the middle of line 3, which is left out"]


def test_a_last_line_that_lacks_its_line_feed_alone_is_read():
    remarks = []
    assert len(read(lines(OPEN, MESSAGE)[:-1], remarks.append)) == 2
    assert not remarks


def test_a_damaged_line_in_the_middle_is_an_error_with_its_number():
    with pytest.raises(MalformedEvent) as caught:
        read(lines(OPEN) + lines(MESSAGE)[:20] + b"\n" + lines(CLOSE))
    assert caught.value.line == 2
    assert status_of(caught.value) == ExitStatus.USAGE


@pytest.mark.parametrize("content", [b"GET / HTTP/1.1\r\n", b"\x89PNG\r\n\x1a\n", b"[1]\n", b"{}"])
def test_a_file_of_another_kind_is_an_error(content):
    with pytest.raises(UsageError) as caught:
        read(content)
    assert caught.value.what == "r.jsonl is neither a recording nor a HAR file"
    assert caught.value.evidence.startswith("it begins with ")


def test_an_empty_file_is_an_error():
    with pytest.raises(UsageError, match=r"r\.jsonl is empty"):
        read(b"")


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([OPEN, MESSAGE, CLOSE], [1, 1, 1]),
        ([STEP, OPEN, MESSAGE, CLOSE, ERROR], [1] * 5),
        ([OPEN, CLOSE, ERROR, STEP, OPEN, MESSAGE, CLOSE], [1, 1, 1, 2, 2, 2, 2]),
        ([STEP, ERROR, STEP, STEP, ERROR, OPEN], [1, 1, 2, 2, 2, 3]),
        ([OPEN, MESSAGE, OPEN, MESSAGE], [1, 1, 2, 2]),
        ([MESSAGE, MESSAGE, CLOSE, OPEN], [1, 1, 1, 2]),
        ([{**OPEN, "connection": 7}, {**OPEN, "connection": 9}], [7, 9]),
    ],
)
def test_connections_are_numbered(events, expected):
    assert numbers(*events) == expected


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_or_stdin_is_opened_compressed_or_not(tmp_path, pack):
    content = pack(lines(OPEN, CLOSE))
    path = tmp_path / "r.jsonl"
    path.write_bytes(content)
    with open_file(str(path), io.BytesIO()) as file:
        assert len(list(read_recording(file))) == 2
    with open_file("-", io.BytesIO(content)) as file:
        assert len(list(read_recording(file))) == 2


def test_a_compressed_file_that_is_cut_off_is_an_error(tmp_path):
    path = tmp_path / "r.jsonl.gz"
    path.write_bytes(gzip.compress(lines(OPEN, *[MESSAGE] * 1000, CLOSE))[:-20])
    with open_file(str(path), io.BytesIO()) as file, pytest.raises(UsageError) as caught:
        list(read_recording(file, path.name))
    assert caught.value.what == "cannot read r.jsonl.gz"


@pytest.mark.parametrize(
    ("name", "evidence"), [("missing", "No such file or directory"), (".", "Is a directory")]
)
def test_a_file_that_cannot_be_opened_is_an_error(tmp_path, monkeypatch, name, evidence):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        open_file(name, io.BytesIO())
    assert (caught.value.what, caught.value.evidence) == (f"cannot read {name}", evidence)
