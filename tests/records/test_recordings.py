"""Reading whole recordings: formats, lines that were cut off, and the numbers of connections."""

import gzip
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wscli.errors import UsageError
from wscli.records.events import from_json, read_event, read_fields, to_json
from wscli.records.fields import MalformedEvent
from wscli.records.files import open_file
from wscli.records.reading import RecordingReader, read_recording, with_version
from wscli.records.runs import run_end
from wscli.session.events import Batch
from wscli.status import ExitStatus, status_of
from wscli.wire.codes import Opcode
from wscli.wire.events import Messages

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


def copy(data):
    return b"".join(RecordingReader(io.BytesIO(data), "r.jsonl").lines())


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
    assert remarks == ["line 3 of r.jsonl was cut off, and is left out"]


def test_a_last_line_that_lacks_its_line_feed_alone_is_read():
    remarks = []
    assert len(read(lines(OPEN, MESSAGE)[:-1], remarks.append)) == 2
    assert not remarks


def test_a_damaged_line_in_the_middle_is_an_error_with_its_number():
    with pytest.raises(MalformedEvent) as caught:
        read(lines(OPEN) + lines(MESSAGE)[:20] + b"\n" + lines(CLOSE))
    assert caught.value.line == 2
    assert status_of(caught.value) == ExitStatus.USAGE


@pytest.mark.parametrize(
    ("damaged", "evidence"),
    [
        (b"broken", "it is not JSON: Expecting value at column 1\nit begins with broken"),
        (b'{"x":\x1b\0}', 'it is not JSON: Expecting value at column 6\nit begins with {"x":␛␀}'),
        (b'{"event":"open",', "it is not JSON: Expecting property name enclosed in double quotes"),
        (b'{"event":7}', '"event" is not a string: 7\nit begins with {"event":7}'),
        (b'{"event":"open"}', '"url" is missing\nit begins with {"event":"open"}'),
        (b"x" * 61, f"it is not JSON: Expecting value at column 1\nit begins with {'x' * 60}…"),
    ],
)
def test_the_error_of_a_damaged_line_shows_the_line_and_what_is_wrong(damaged, evidence):
    with pytest.raises(MalformedEvent) as caught:
        read(lines(OPEN) + damaged + b"\n" + lines(CLOSE))
    assert caught.value.what == "line 2 of r.jsonl is not a valid event"
    assert caught.value.evidence.startswith(evidence)
    assert "line 1" not in caught.value.evidence
    assert caught.value.hint == "delete that line; sed 2d FILE prints all others"


def test_a_recording_may_begin_with_a_byte_order_mark():
    assert len(read(b"\xef\xbb\xbf" + lines(OPEN, CLOSE))) == 2


PCAPNG = b"\n\r\r\n\x1c\0\0\0\x4d\x3c\x2b\x1a\x01\0\0\0\n\0\0\0"


@pytest.mark.parametrize(
    "content",
    [b"GET / HTTP/1.1\r\n", b"\x89PNG\r\n\x1a\n", b"[1]\n", b"{}", b"\n\n[1]\n", PCAPNG],
)
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
        ([STEP, STEP, OPEN], [1, 1, 1]),
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


def test_a_compressed_file_that_was_cut_off_is_read_to_its_last_whole_line(tmp_path):
    path = tmp_path / "r.jsonl.gz"
    packed = gzip.compress(b"".join(lines({**MESSAGE, "size": n}) for n in range(30_000)))
    path.write_bytes(packed[: len(packed) // 2])
    remarks = []
    with open_file(str(path), io.BytesIO()) as file:
        events = list(read_recording(file, path.name, remarks.append))
    assert 1000 < sum(len(event.items[0].payloads) for event, _ in events) < 30_000
    assert remarks[0] == "r.jsonl.gz is an incomplete gzip file: its end is missing"


def read_packed(path, packed):
    """Return the events of a compressed file, and the remarks."""
    path.write_bytes(packed)
    remarks = []
    with open_file(str(path), io.BytesIO()) as file:
        return list(read_recording(file, path.name, remarks.append)), remarks


def test_a_small_compressed_file_that_was_cut_off_is_read_to_its_last_whole_line(tmp_path):
    packed = gzip.compress(lines(OPEN, MESSAGE, CLOSE))[:-8]  # without the trailer
    events, remarks = read_packed(tmp_path / "r.jsonl.gz", packed)
    assert len(events) == 3
    assert remarks == ["r.jsonl.gz is an incomplete gzip file: its end is missing"]


@pytest.mark.parametrize("size", [2, 9, 10])
def test_a_compressed_file_that_was_cut_off_before_its_data_is_an_error(tmp_path, size):
    with pytest.raises(UsageError) as caught:
        read_packed(tmp_path / "r.jsonl.gz", gzip.compress(lines(OPEN))[:size])
    assert caught.value.what == "r.jsonl.gz is an incomplete gzip file"


@pytest.mark.parametrize("padding", [0, 1, 300_000])
def test_compressed_files_may_be_joined_and_padded_with_zeros(tmp_path, padding):
    packed = gzip.compress(lines(OPEN, CLOSE)) + bytes(padding)
    events, remarks = read_packed(tmp_path / "r.jsonl.gz", packed * 2)
    assert (len(events), remarks) == (4, [])


def test_a_block_that_is_compressed_well_is_read_whole(tmp_path):
    packed = gzip.compress(lines({**MESSAGE, "text": "x" * 3_000_000, "size": 3_000_000}))
    for end in (len(packed), len(packed) - 8):
        [(event, _)], _ = read_packed(tmp_path / "r.jsonl.gz", packed[:end])
        assert len(event.items[0].payloads[0]) == 3_000_000


def test_a_compressed_file_that_is_damaged_is_an_error(tmp_path):
    path = tmp_path / "r.jsonl.gz"
    path.write_bytes(gzip.compress(lines(*[MESSAGE] * 1000))[:10] + b"\xff" * 100)
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


# The header, and recordings that were appended to others


HEADER = {"event": "recording", "time": MOMENT["time"], "v": 1, "wscli": "0.1.0"}


def test_the_header_is_not_an_event():
    assert len(read(lines(HEADER, OPEN, CLOSE))) == 2


def test_a_recording_without_events_is_not_an_error():
    assert read(lines(HEADER)) == []


def test_a_later_version_of_the_format_is_an_error():
    with pytest.raises(UsageError) as caught:
        read(lines({**HEADER, "v": 2}, OPEN))
    assert caught.value.what == "r.jsonl has version 2 of the format"


def test_a_recording_that_was_appended_goes_on_with_the_numbers():
    numbered = [{**OPEN, "connection": 1}, {**CLOSE, "connection": 1}]
    assert numbers(HEADER, *numbered, HEADER, *numbered) == [1, 1, 2, 2]
    assert numbers(HEADER, OPEN, CLOSE, OPEN, CLOSE, HEADER, OPEN) == [1, 1, 2, 2, 3]
    assert numbers(HEADER, OPEN, HEADER, OPEN, HEADER, *numbered) == [1, 2, 3, 3]


def test_a_line_that_was_cut_off_before_another_recording_is_left_out_with_a_remark():
    remarks = []
    cut = lines(HEADER, OPEN) + lines(MESSAGE)[:50] + b"\n" + lines(HEADER, OPEN)
    assert [number for _, number in read(cut, remarks.append)] == [1, 2]
    assert remarks == ["line 3 of r.jsonl was cut off, and is left out"]


def test_a_remark_says_how_many_events_are_missing():
    remarks = []
    lost = {"event": "lost", "time": MOMENT["time"], "events": 1234}
    assert len(read(lines(HEADER, OPEN, lost, MESSAGE), remarks.append)) == 2
    assert remarks == ["r.jsonl lacks 1,234 events before line 3: it was written too slowly"]


# Messages that are read many at once


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(str.encode)
MOMENTS = st.tuples(st.booleans(), st.sampled_from([0.0, 1_709_078_400.25, 1_769_860_800.5]))


@st.composite
def batches(draw):
    incoming, time = draw(MOMENTS)
    text = st.lists(TEXTS, min_size=1).map(lambda payloads: Messages(Opcode.TEXT, payloads))
    data = st.lists(st.binary(max_size=9), min_size=1)
    binary = data.map(lambda payloads: Messages(Opcode.BINARY, payloads))
    return Batch(incoming, time, draw(st.integers(0, 10**6)) / 8, [draw(text | binary)])


def apart(recorded):
    """Return messages one by one, each with what it shares with others of its batch."""
    return [
        (batch.incoming, batch.time, batch.elapsed, item.opcode, payload, connection)
        for batch, connection in recorded
        for item in batch.items
        for payload in item.payloads
    ]


@given(st.lists(st.tuples(batches(), st.integers(1, 2)), min_size=1, max_size=5))
def test_messages_are_read_many_at_once_as_they_are_one_by_one(written):
    data = b"".join(to_json(batch, {"connection": number}) for batch, number in written)
    assert run_end(data, 0) == len(data)
    one_by_one = [read_event(read_fields(line)) for line in data.splitlines(keepends=True)]
    assert apart(read(data)) == apart(one_by_one)


def test_the_messages_of_a_batch_are_one_batch_again():
    batch = Batch(True, 1_769_860_800.5, 1.5, [Messages(Opcode.TEXT, [b"one", b'"two"', b""])])
    assert read(to_json(batch)) == [(batch, 1)]


def test_messages_in_another_form_are_read_too():
    spaced = json.dumps(MESSAGE).encode() + b"\n"
    compact = json.dumps(MESSAGE, separators=(",", ":")).encode() + b"\n"
    assert len(apart(read(compact + spaced + compact))) == 3


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ((b'"text":"hello"', b'"text":"\xff"'), "it is not JSON"),
        ((b'"text":"hello"', b'"text":"\\ud800"'), '"text" is not UTF-8'),
        ((b'"text":"hello"', b'"text":"\\x"'), "it is not JSON"),
        ((b'"text":"hello"', b'"text":"\t"'), "it is not JSON"),
        ((b"2026-01-31", b"2026-02-29"), '"time" is not a time of RFC 3339'),
        ((b"2026-01-31", b"0000-01-31"), '"time" is not a time of RFC 3339'),
        ((b"T12:00", b"T24:00"), '"time" is not a time of RFC 3339'),
        ((b'"in"', b'"up"'), '"direction" is neither in nor out'),
        (
            (b'"text","size":5,"text":"hello"', b'"binary","size":3,"base64":"AA=A"'),
            '"base64" is not base64',
        ),
    ],
)
@pytest.mark.parametrize("read_all", [read, copy])
def test_a_damaged_message_among_others_is_an_error_with_its_line(changed, reason, read_all):
    batch = Batch(True, 1_769_860_800.5, 1.5, [Messages(Opcode.TEXT, [b"hello"])])
    damaged = to_json(batch).replace(*changed)
    with pytest.raises(MalformedEvent) as caught:
        read_all(to_json(batch) * 3 + damaged + to_json(batch))
    assert caught.value.line == 4
    assert caught.value.evidence.startswith(reason)


def test_29_february_is_read():
    batch = Batch(True, 1_709_164_800.25, 1.5, [Messages(Opcode.TEXT, [b"leap"])])
    assert read(to_json(batch)) == [(batch, 1)]


# Lines as they are


def test_the_lines_of_a_recording_are_copied_without_its_header():
    data = lines(OPEN, MESSAGE, {"event": "of a later version"}, CLOSE)
    assert copy(lines(HEADER) + data) == data


def test_the_lines_of_a_recording_that_was_appended_get_its_numbers():
    batch = Batch(True, 1_769_860_800.5, 1.5, [Messages(Opcode.TEXT, [b"hello"])])
    data = lines(HEADER) + to_json(batch) + lines(HEADER) + to_json(batch)
    assert copy(data) == to_json(batch) + to_json(batch, {"connection": 2})


@pytest.mark.parametrize("first", [{"event": "open", "v": 1}, OPEN, {"event": "unknown"}])
def test_the_first_line_is_given_the_version(first):
    fields = json.loads(with_version(lines(first)))
    assert fields == {**first, "v": 1}
    assert next(iter(fields)) == "event"
