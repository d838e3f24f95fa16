"""Output: every byte is written, or an error says why not."""

import io
import os
import threading

import pytest

from wscli.errors import OutputError
from wscli.sinks.output import Output


class Grudging(io.RawIOBase):
    """Takes three bytes at a time."""

    def __init__(self):
        self.taken = b""

    def write(self, data):
        self.taken += bytes(data[:3])
        return min(3, len(data))

    def fileno(self):
        return 1


def test_a_stream_that_takes_little_at_a_time_gets_all():
    stream = Grudging()
    Output(stream).write(b"0123456789")
    assert stream.taken == b"0123456789"


def test_a_pipe_that_somebody_made_non_blocking_is_waited_for():
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


def test_a_reader_that_has_gone_is_said_once():
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
