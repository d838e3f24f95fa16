"""Payloads as lines: messages of any size are written alike."""

import io

import pytest

from wscli.session.events import Batch
from wscli.sinks.output import Output
from wscli.sinks.payload import PayloadSink
from wscli.wire.codes import Opcode
from wscli.wire.events import Messages

SMALL, LARGE = b"a", b"b" * (1 << 20)


class Collecting(io.RawIOBase):
    """Takes everything, and remembers each write."""

    def __init__(self):
        self.writes = []

    def write(self, data):
        self.writes.append(data)
        return len(data)


def written(payloads, end, **options):
    stream = Collecting()
    sink = PayloadSink(Output(stream), end, **options)
    sink.batch(Batch(True, 0.0, 0.0, [Messages(Opcode.TEXT, payloads)]))
    return stream.writes


@pytest.mark.parametrize("payloads", [[SMALL], [LARGE], [SMALL, LARGE], [LARGE, LARGE], [b""]])
@pytest.mark.parametrize("end", [b"", b"\n", b"\0"])
@pytest.mark.parametrize("timestamps", [False, True])
def test_each_message_is_followed_by_the_end(payloads, end, timestamps):
    prefix = b"1970-01-01T00:00:00.000000Z " if timestamps else b""
    expected = b"".join(prefix + payload + end for payload in payloads)
    assert b"".join(written(payloads, end, timestamps=timestamps)) == expected


@pytest.mark.parametrize("payload", [SMALL, SMALL + b"\0", LARGE, LARGE + b"\0"])
def test_an_end_that_a_message_already_has_is_not_repeated(payload):
    text = b"".join(written([payload], b"\0", only_missing=True))
    assert text == payload.removesuffix(b"\0") + b"\0"


def test_a_large_message_is_not_copied():
    assert written([LARGE], b"\n")[0] is LARGE
