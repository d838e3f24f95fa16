"""Errors on stderr and as events, and the lines of the access log."""

import io
import json
import re

import pytest

from tests.clock import HandClock
from wscli import errors
from wscli.apps.access import AccessLog
from wscli.apps.env import Env
from wscli.apps.report import failure, report, say
from wscli.errors import ConnectionClosed, UpgradeError, UsageError, WscliError
from wscli.server.access import AccessRecord
from wscli.session.events import Batch
from wscli.status import ExitStatus, OutputStalled

CONTROL = "\x1b]0;owned\x07 \x9b \u202e"


class Keeping(io.RawIOBase):
    """Keep the bytes written, or fail like a pipe whose reader has gone."""

    def __init__(self, *, gone=False):
        self.written = b""
        self._gone = gone

    def write(self, data):
        if self._gone:
            raise BrokenPipeError
        self.written += bytes(data)
        return len(data)

    @property
    def text(self):
        return self.written.decode()


def env(**fields):
    return Env(None, Keeping(), Keeping(), fields.pop("environ", {}), HandClock(), **fields)


def reported(error, *args, **fields):
    world = env(**fields)
    report(error, world, *args)
    assert world.stdout.written == b""
    return world.stderr.text


# Errors


def test_an_error_is_the_event_then_the_evidence_then_the_hint():
    error = UsageError("it failed", "because\r\nof this", "try that")
    assert reported(error) == "wscli: it failed\n  because\n  of this\ntry: try that\n"


def test_an_error_without_evidence_or_hint_is_one_line():
    assert reported(WscliError("it failed")) == "wscli: it failed\n"


def test_advice_by_kind_is_used_for_a_report_and_an_event_alike():
    error = UpgradeError("no", kind="tls-port")
    assert reported(error).endswith("\ntry: this port speaks TLS: use wss:// instead of ws://\n")
    assert failure(error, env(), 0.0).hint.startswith("this port speaks TLS")


def test_control_characters_in_an_error_are_symbols():
    text = reported(UsageError(CONTROL + "\n", f"a\tb {CONTROL}", f"{CONTROL}\n"), stderr_tty=True)
    plain = re.sub("\x1b\\[[0-9;]*m", "", text)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", plain)
    assert "  a\tb ␛]0;owned␇" in plain
    assert plain.count("\n") == 3


@pytest.mark.parametrize(
    ("colour", "tty", "environ", "coloured"),
    [
        ("auto", True, {}, True),
        ("auto", False, {}, False),
        ("auto", True, {"NO_COLOR": "1"}, False),
        ("auto", True, {"NO_COLOR": ""}, True),
        ("auto", True, {"TERM": "dumb"}, False),
        ("auto", False, {"FORCE_COLOR": "1"}, True),
        ("auto", True, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ("always", False, {"NO_COLOR": "1", "TERM": "dumb"}, True),
        ("never", True, {"FORCE_COLOR": "1"}, False),
    ],
)
def test_an_error_has_colour_if_wanted(colour, tty, environ, coloured):
    text = reported(UsageError("it failed", hint="x"), colour, stderr_tty=tty, environ=environ)
    assert ("\x1b[" in text) is coloured


def test_the_colour_of_an_error_follows_stderr_and_not_stdout():
    assert "\x1b[" not in reported(UsageError("it failed"), stdout_tty=True)


def test_an_error_that_nobody_reads_raises_nothing():
    world = env()._replace(stderr=Keeping(gone=True))
    report(UsageError("it failed"), world)
    say(world, "nor this")


def test_a_name_that_is_not_utf8_can_be_printed():
    world = env()
    say(world, "caf\udce9")
    assert world.stderr.written == b"caf\\udce9\n"


CLASSES = [
    each
    for each in vars(errors).values()
    if isinstance(each, type) and issubclass(each, WscliError)
]


@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_is_an_event_with_the_status_of_its_class(kind):
    args = ("it failed", 1011) if issubclass(kind, ConnectionClosed) else ("it failed",)
    error = kind(*args, evidence="a\r\nb")
    clock = HandClock()
    clock.time = lambda: 5.0
    failed = failure(error, env()._replace(clock=clock), clock.now - 1.5)
    assert (failed.message, failed.evidence, failed.elapsed) == ("it failed", "a\nb", 1.5)
    assert failed.time == 5.0
    assert failed.status in set(ExitStatus)
    assert failed.status != ExitStatus.OK


# The access log


def record(**fields):
    access = AccessRecord(7, "127.0.0.1:5", 0.0, 0.0)
    vars(access).update(
        {"method": "GET", "target": "/echo", "status": 101, "requests": 1, "elapsed": 1.25},
        **fields,
    )
    return access


def line(**fields):
    world = env()
    AccessLog(world, "text", None).ended(record(**fields))
    return world.stderr.text


def test_a_websocket_is_a_line_with_its_close_and_its_messages():
    text = line(
        code=1000, reason="bye", by="client", messages_in=1234, bytes_in=2048, messages_out=1
    )
    assert re.fullmatch(
        r'\d\d:\d\d:00\.000  127\.0\.0\.1:5  GET /echo  101  closed 1000 "bye" by the client'
        r"  in 1,234 \(2\.0 KiB\)  out 1 \(0 B\)  1\.250 s\n",
        text,
    )


@pytest.mark.parametrize(
    ("fields", "words", "absent"),
    [
        ({"by": None}, "closed 1006  in", " by "),
        ({"by": "server", "code": 1009}, "closed 1009 by the server", '"'),
        ({"status": 404, "bytes_out": 3}, "404  in 0 B  out 3 B", "closed"),
        ({"status": None}, "no response", "closed"),
        ({"method": None, "status": 408}, "no request  408", "GET"),
        ({"requests": 3}, "GET /echo and 2 more", ""),
        ({"requests": 2}, "GET /echo and 1 more", ""),
        ({"requests": 1}, "GET /echo  101", "more"),
    ],
)
def test_unknown_fields_of_a_connection_are_left_out_of_its_line(fields, words, absent):
    text = line(**fields)
    assert words in text
    assert not absent or absent not in text


def test_control_characters_in_a_target_or_reason_are_symbols_in_the_line():
    text = line(target=f"/{CONTROL}", reason=f"{CONTROL}\nfake")
    assert text.count("\n") == 1
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)


def event(**fields):
    world = env()
    AccessLog(world, "json", None).ended(record(**fields))
    assert world.stderr.text == ""
    return json.loads(world.stdout.text)


def test_in_json_a_websocket_has_its_close_and_its_messages():
    fields = event(code=1000, by="client", clean=True, messages_in=2, bytes_in=9)
    assert (fields["event"], fields["connection"], fields["elapsed"]) == ("connection", 7, 1.25)
    assert (fields["code"], fields["by"], fields["clean"]) == (1000, "client", True)
    assert (fields["messages_in"], fields["messages_out"], fields["bytes_in"]) == (2, 0, 9)


def test_in_json_a_plain_request_has_no_close_and_unknown_fields_are_absent():
    fields = event(status=None, method=None)
    assert not {"code", "by", "clean", "messages_in", "status", "method"} & fields.keys()
    assert fields["requests"] == 1


@pytest.mark.parametrize("form", ["text", "json", "none"])
def test_a_warning_is_on_stderr_in_every_form_of_the_log(form):
    world = env()
    AccessLog(world, form, None).warned("it is slow", "do less")
    assert world.stderr.text == "wscli: it is slow\ntry: do less\n"
    assert world.stdout.text == ""


def test_without_a_log_a_connection_is_not_logged():
    world = env()
    AccessLog(world, "none", None).ended(record())
    assert world.stderr.text + world.stdout.text == ""


def test_the_server_is_ended_once_if_nobody_reads_its_events():
    world = env()._replace(stdout=Keeping(gone=True))
    statuses = []
    log = AccessLog(world, "json", None)
    log.end_with(statuses.append)
    log.ended(record())
    log.ended(record())
    assert statuses == [ExitStatus.READER_GONE]
    assert world.stderr.text == ""


def test_events_that_stall_after_a_signal_end_the_server_with_its_status():
    world = env()
    statuses = []
    log = AccessLog(world, "json", None)
    log.end_with(statuses.append)
    log._unwritable(OutputStalled("the output", 9, ExitStatus.TERMINATED))  # noqa: SLF001
    assert statuses == [ExitStatus.TERMINATED]
    assert "gave up writing to the output" in world.stderr.text


def test_a_recording_that_fails_is_reported_and_the_server_continues():
    world = env()
    log = AccessLog(world, "text", io.FileIO("/dev/full", "w"))
    log.end_with(pytest.fail)
    sink = log.sink(record())
    for _ in range(2):
        sink.batch(Batch(True, 0.0, 0.0, []))
    log.close()
    assert world.stderr.text == (
        "wscli: cannot write the recording /dev/full\n  No space left on device\n"
        "  the recording ends here; the connection goes on\n"
    )


def test_without_a_recording_a_connection_has_no_sink():
    assert AccessLog(env(), "text", None).sink(record()) is None
