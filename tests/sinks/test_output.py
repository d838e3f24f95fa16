"""Output: every byte is written, or an error is raised."""

import io
import os
import signal
import threading
import time

import pytest

from wscli.errors import OutputError
from wscli.session.events import Batch
from wscli.sinks.human.palette import Palette
from wscli.sinks.human.talk import TalkSink
from wscli.sinks.output import Output, main_thread_writes
from wscli.status import ExitStatus, OutputStalled
from wscli.wire.codes import Opcode
from wscli.wire.frames import Frame


class Grudging(io.RawIOBase):
    """Takes three bytes at a time."""

    def __init__(self):
        self.taken = b""

    def write(self, data):
        self.taken += bytes(data[:3])
        return min(3, len(data))

    def fileno(self):
        return 1


def test_a_stream_that_takes_little_at_a_time_gets_everything():
    stream = Grudging()
    Output(stream).write(b"0123456789")
    assert stream.taken == b"0123456789"


def test_a_write_waits_for_a_non_blocking_pipe():
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    received = bytearray()

    def read():
        while data := os.read(reader, 65536):
            received.extend(data)

    with io.FileIO(writer, "w") as stream:
        thread = threading.Thread(target=read)
        payload = os.urandom(1 << 20)
        thread.start()
        Output(stream).write(payload)
    thread.join(20)
    os.close(reader)
    assert received == payload


def test_only_the_first_write_reports_that_the_reader_has_gone():
    reader, writer = os.pipe()
    os.close(reader)
    with io.FileIO(writer, "w") as stream:
        output = Output(stream)
        with pytest.raises(BrokenPipeError):
            output.write(b"x")
        output.write(b"this is let go")


def test_a_full_disk_is_an_error():
    with io.FileIO("/dev/full", "w") as stream, pytest.raises(OutputError) as caught:
        Output(stream).write(b"x")
    assert caught.value.evidence == "No space left on device"


@pytest.fixture
def full_pipe():
    """A pipe that takes nothing, as a stream."""
    reader, writer = os.pipe()
    os.write(writer, bytes(65536))
    with io.FileIO(writer, "w") as stream:
        yield stream
    os.close(reader)


@pytest.fixture
def alarms():
    """Let a signal handler end writes that block, as a command does after its time limit."""

    def look(number, frame):
        main_thread_writes.abandon_blocked(ExitStatus.TERMINATED)

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("blocking", [True, False])
def test_a_write_that_blocks_can_be_abandoned(full_pipe, alarms, blocking):
    os.set_blocking(full_pipe.fileno(), blocking)
    output = Output(full_pipe)
    with pytest.raises(OutputStalled) as caught:
        output.write(bytes(1000))
    assert caught.value.status == 143
    assert "1,000 bytes" in caught.value.evidence
    output.write(b"this is dropped")


def test_a_write_to_stderr_that_blocks_is_dropped(full_pipe, alarms):
    output = Output(full_pipe, None)
    output.write(b"nobody reads this")
    output.write(b"nor this")


def test_a_write_is_not_abandoned_at_the_first_check():
    class Looking(Grudging):
        def write(self, data):
            if not self.taken:
                main_thread_writes.abandon_blocked(ExitStatus.TERMINATED)
            return super().write(data)

    for stream in (Looking(), Looking()):
        Output(stream).write(b"012345")
        assert stream.taken == b"012345"


def test_no_hex_dump_is_made_once_the_reader_has_gone():
    """A dump of 16 MiB takes seconds, for which a signal would have to wait."""
    with open(os.devnull, "rb", buffering=0) as read_only:
        output = Output(read_only, None)
        output.write(b"lost")
        talk = TalkSink(output, Palette(colour=False), 3)
        begin = time.process_time()
        talk.batch(Batch(True, 0.0, 0.0, [Frame(Opcode.BINARY, bytes(16 << 20))]))
        assert time.process_time() - begin < 0.5
