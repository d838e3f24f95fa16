"""Recordings: the file that is opened, and the sink that fills it."""

import io
import json
import os
import stat
import threading

import pytest

from tests.waiting import wait_until
from wscli import __version__
from wscli.apps.recording import open_recording
from wscli.errors import OutputError, UsageError
from wscli.net.opening import Opening, OpeningStep
from wscli.net.url import parse_url
from wscli.session.end import End
from wscli.session.events import Batch, Failed, Opened, Step
from wscli.sinks.recording import Recorder, RecordingFile
from wscli.wire.closing import Side
from wscli.wire.events import Messages
from wscli.wire.frames import Frame

START = 1_769_860_800.0
OPENING = Opening(parse_url("ws://example.com/"))
OPENED = Opened(OPENING, START, 0.5)
BATCH = Batch(True, START, 1.0, [Frame(1, b"a"), Messages(1, [b"a"])])
END = End(1000, "", Side.REMOTE, True, START, 2.0)


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def refused(*args, **options):
    with pytest.raises(UsageError) as caught:
        open_recording(*args, **options)
    return caught.value


def write(path, data, existing="refuse"):
    with open_recording(str(path), existing) as stream:
        stream.write(data)


# The file


@pytest.mark.parametrize("existing", ["refuse", "replace", "append"])
def test_a_new_file_is_for_its_owner_alone(tmp_path, existing):
    path = tmp_path / "new"
    before = os.umask(0)
    try:
        write(path, b"event\n", existing)
    finally:
        os.umask(before)
    assert (path.read_bytes(), mode_of(path)) == (b"event\n", 0o600)


@pytest.mark.parametrize("existing", ["refuse", "replace", "append"])
def test_an_empty_file_is_as_good_as_none_and_is_taken_from_others(tmp_path, existing):
    path = tmp_path / "empty"
    path.touch(0o666)
    write(path, b"event\n", existing)
    assert (path.read_bytes(), mode_of(path)) == (b"event\n", 0o600)


def test_a_file_with_content_is_left_alone_and_its_size_said(tmp_path):
    path = tmp_path / "full"
    path.write_bytes(bytes(12_345))
    path.chmod(0o644)
    error = refused(str(path), hint="-f replaces it")
    assert (error.what, error.evidence) == (f"{path} is not empty", "12,345 bytes")
    assert error.hint == "-f replaces it"
    assert (path.stat().st_size, mode_of(path)) == (12_345, 0o644)


@pytest.mark.parametrize(
    ("existing", "before", "after"),
    [
        ("replace", b"a longer event\n", b"event\n"),
        ("append", b"one\n", b"one\nevent\n"),
        ("append", b"one\ncut of", b"one\ncut of\nevent\n"),
        ("append", b"\n", b"\nevent\n"),
    ],
)
def test_content_is_replaced_or_added_to_after_a_whole_line(tmp_path, existing, before, after):
    path = tmp_path / "full"
    path.write_bytes(before)
    path.chmod(0o640)
    write(path, b"event\n", existing)
    assert (path.read_bytes(), mode_of(path)) == (after, 0o600)


@pytest.mark.parametrize("existing", ["refuse", "replace", "append"])
@pytest.mark.parametrize("target", [b"precious", None], ids=["a file", "nothing"])
def test_a_symbolic_link_is_not_followed(tmp_path, existing, target):
    """Somebody else may have put it where a recording is expected."""
    path, link = tmp_path / "target", tmp_path / "link"
    if target is not None:
        path.write_bytes(target)
    link.symlink_to(path)
    error = refused(str(link), existing)
    assert "symbolic link" in error.what
    assert error.evidence == f"it points to {path}"
    assert (path.read_bytes() if path.exists() else None) == target


@pytest.mark.parametrize("existing", ["refuse", "replace", "append"])
def test_a_device_is_written_to_also_through_a_link(tmp_path, existing):
    link = tmp_path / "link"
    link.symlink_to("/dev/null")
    mode = os.stat("/dev/null").st_mode
    for name in ("/dev/null", str(link)):
        with open_recording(name, existing) as stream:
            stream.write(b"event\n")
    assert os.stat("/dev/null").st_mode == mode


@pytest.mark.parametrize(
    ("name", "reason"), [("missing/file", "No such file or directory"), (".", "Is a directory")]
)
def test_a_file_that_cannot_be_written_is_named_with_the_reason(tmp_path, name, reason):
    error = refused(str(tmp_path / name))
    assert error.what.startswith("cannot write ")
    assert error.evidence == reason


def test_a_refused_file_leaves_no_descriptor_open(tmp_path):
    path = tmp_path / "full"
    path.write_bytes(b"x")
    before = len(os.listdir("/dev/fd"))
    for _ in range(5):
        refused(str(path))
    assert len(os.listdir("/dev/fd")) == before


def test_stdout_is_not_a_recording():
    error = refused("-")
    assert "--json prints the events on stdout" in error.hint


# The sink


@pytest.fixture
def recorder(tmp_path):
    """Return a function that makes a recorder which has started, and its complaints."""
    started = []

    def start(name="recording", **options):
        complaints = []
        made = Recorder(complaints.append, **{"steps": False, "frames": False, **options})
        started.append(made)
        made.start(name, open_recording(str(tmp_path / name)))
        return made, complaints

    yield start
    for each in started:
        each.stop()


def kinds(path):
    """Return the events behind the header."""
    header, *kinds = [json.loads(line)["event"] for line in path.read_text().splitlines()]
    assert header == "recording"
    return kinds


def feed(recorder):
    recorder.step(Step(OpeningStep.REQUEST, OPENING, START, 0.1))
    recorder.opened(OPENED)
    recorder.batch(BATCH)
    recorder.ended(END)
    recorder.failed(Failed(9, "closed", "", "", START, 2.0))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "open message close error"),
        ({"steps": True}, "step open message close error"),
        ({"frames": True}, "open frame message close error"),
    ],
)
def test_every_event_is_recorded_and_steps_and_frames_where_they_are_asked_for(
    tmp_path, recorder, options, expected
):
    made, _ = recorder(**options)
    assert made.wants_frames == options.get("frames", False)
    feed(made)
    made.stop()
    assert kinds(tmp_path / "recording") == expected.split()


def test_a_recording_of_an_open_connection_begins_with_its_opening(tmp_path, recorder):
    made, _ = recorder()
    made.opened(OPENED)
    made.stop()
    made.start("second", open_recording(str(tmp_path / "second")))
    made.batch(BATCH)
    made.stop()
    assert kinds(tmp_path / "second") == ["open", "message"]
    assert kinds(tmp_path / "recording") == ["open"]


def test_a_recording_after_the_end_of_a_connection_does_not(tmp_path, recorder):
    made, _ = recorder()
    made.opened(OPENED)
    made.ended(END)
    made.start("second", open_recording(str(tmp_path / "second")))
    made.failed(Failed(9, "closed", "", "", START, 2.0))
    made.stop()
    assert kinds(tmp_path / "second") == ["error"]


def test_an_event_is_in_the_file_soon_without_an_end_of_the_recording(tmp_path, recorder):
    made, _ = recorder()
    made.opened(OPENED)
    wait_until(lambda: (tmp_path / "recording").read_text().count("\n") == 2)
    assert kinds(tmp_path / "recording") == ["open"]


def test_an_event_is_recorded_as_it_was_when_it_happened(tmp_path, recorder):
    made, _ = recorder(steps=True)
    opening = Opening(parse_url("ws://example.com/"))
    opening.timings["tcp"] = 0.1
    for number in range(100):
        opening.address = str(number)
        opening.timings["tcp"] = number
        made.step(Step(OpeningStep.TCP, opening, START, 0.1))
    made.stop()
    _, *steps = map(json.loads, (tmp_path / "recording").read_text().splitlines())
    assert [step["address"] for step in steps] == [str(number) for number in range(100)]
    assert [step["timings"]["tcp"] for step in steps] == list(range(100))


def test_a_recorder_that_was_stopped_has_no_file_and_takes_events_still(tmp_path, recorder):
    made, _ = recorder()
    assert made.path == "recording"
    made.stop()
    made.stop()
    assert made.path is None
    feed(made)
    assert kinds(tmp_path / "recording") == []


def test_each_file_begins_with_a_header(tmp_path, recorder):
    made, _ = recorder()
    feed(made)
    made.start("second", open_recording(str(tmp_path / "second")))
    feed(made)
    made.stop()
    for name in ("recording", "second"):
        lines = (tmp_path / name).read_text().splitlines()
        header, *others = map(json.loads, lines)
        assert list(header) == ["event", "time", "v", "wscli"]
        assert (header["event"], header["v"], header["wscli"]) == ("recording", 1, __version__)
        assert not any("v" in event for event in others)


def test_the_connections_of_a_session_are_numbered(tmp_path, recorder):
    made, _ = recorder(numbered=True)
    feed(made)
    feed(made)
    made.stop()
    _, *events = map(json.loads, (tmp_path / "recording").read_text().splitlines())
    assert [event["connection"] for event in events] == [1] * 4 + [2] * 4


def test_a_recording_that_begins_later_has_the_number_of_the_present_connection(tmp_path, recorder):
    made, _ = recorder(numbered=True)
    feed(made)
    made.opened(OPENED)
    made.start("second", open_recording(str(tmp_path / "second")))
    made.stop()
    _, opened = map(json.loads, (tmp_path / "second").read_text().splitlines())
    assert (opened["event"], opened["connection"]) == ("open", 2)


# A file that is slow, stuck or full


def test_a_full_disk_ends_the_recording_and_is_said_once():
    complaints = []
    made = Recorder(complaints.append, steps=False, frames=False)
    stream = io.FileIO("/dev/full", "w")
    made.start("/dev/full", stream)
    feed(made)
    wait_until(lambda: made.path is None)
    feed(made)
    made.stop()
    (complaint,) = complaints
    assert isinstance(complaint, OutputError)
    assert complaint.what == "cannot write the recording /dev/full"
    assert complaint.evidence.splitlines() == [
        "No space left on device",
        "the recording ends here; the connection goes on",
    ]
    assert (made.path, stream.closed) == (None, True)


def test_a_reader_that_is_gone_ends_the_recording_too():
    reader, writer = os.pipe()
    os.close(reader)
    complaints = []
    made = Recorder(complaints.append, steps=False, frames=False)
    made.start("a pipe", io.FileIO(writer, "w"))
    made.stop()
    (complaint,) = complaints
    assert complaint.what == "cannot write the recording a pipe"
    assert complaint.evidence.startswith("its reader is gone\n")


LARGE = Batch(True, START, 1.0, [Messages(1, [b"x" * (1 << 20)])])


@pytest.fixture
def pipe():
    """The reading end of a pipe, and a recording that is written to it."""
    reader, writer = os.pipe()
    complaints = []
    file = RecordingFile(
        io.FileIO(writer, "w"), "a pipe", complaints.append, frames=False, patience=0.2
    )
    with open(reader, "rb") as stream:
        yield stream, file, complaints
    file.close()


def test_a_reader_that_is_slow_loses_nothing(pipe):
    stream, file, complaints = pipe
    read = []
    thread = threading.Thread(target=lambda: read.extend(stream))
    thread.start()
    for _ in range(50):
        file.put(LARGE)
    file.close()
    thread.join()
    assert len(read) == 51
    assert not complaints


def test_what_a_stuck_reader_misses_is_counted_in_the_recording_and_said_once(pipe):
    stream, file, complaints = pipe
    for _ in range(50):
        file.put(LARGE)
    (complaint,) = complaints
    assert complaint.what == "the recording a pipe is written too slowly"
    assert complaint.evidence == "events are missing in it from here on"
    lines = [json.loads(stream.readline()) for _ in range(2)]
    assert [line["event"] for line in lines] == ["recording", "message"]
    read = []
    thread = threading.Thread(target=lambda: read.extend(map(json.loads, stream)))
    thread.start()
    wait_until(lambda: len(read) >= 5)
    file.put(OPENED)
    file.close()
    thread.join()
    assert [line["event"] for line in read[-2:]] == ["lost", "open"]
    assert sum(line.get("events", 1) for line in read) == 50
    assert len(complaints) == 1


def test_the_end_does_not_wait_for_a_stuck_reader(pipe):
    _, file, complaints = pipe
    for _ in range(3):
        file.put(LARGE)
    file.close()
    (complaint,) = complaints
    assert complaint.what == "the recording a pipe is not complete"
