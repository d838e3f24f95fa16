"""The errors that Python callers see: sentence, evidence, facts, and no option."""

import copy
import errno
import pickle
import re
import socket
import ssl
import traceback

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

import wscli
from tests.test_architecture import OPTION
from wscli import errors
from wscli.errors import (
    ConnectError,
    ConnectionClosed,
    ConnectionLost,
    TimedOut,
    TLSError,
    UpgradeError,
    UsageError,
    WscliError,
)
from wscli.status import ExitStatus, OutputStalled

CLASSES = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, WscliError)
]


def make(kind, what="it failed", evidence="", **fields):
    """Return an error of any class; some need a close code."""
    if issubclass(kind, ConnectionClosed):
        return kind(what, 1011, "oops", evidence=evidence, **fields)
    return kind(what, evidence, **fields)


def shown(error):
    """Return the traceback that Python prints for an error that is not caught."""
    return "".join(traceback.format_exception(error))


# The sentence and the evidence


@pytest.mark.parametrize("kind", CLASSES)
def test_the_text_of_an_error_is_its_sentence(kind):
    error = make(kind, facts={"errnos": (errno.ECONNREFUSED,)})
    assert str(error) == "it failed"


def test_a_sentence_that_is_changed_later_becomes_the_text():
    error = ConnectError("it failed")
    error.what = "polling: it failed"
    assert str(error) == "polling: it failed"


@pytest.mark.parametrize("kind", CLASSES)
def test_a_traceback_ends_with_the_evidence(kind):
    error = make(kind, evidence="HTTP/1.1 403 No\r\nX-Why: 1", hint="try this")
    assert shown(error).endswith("it failed\nHTTP/1.1 403 No\nX-Why: 1\n")


def test_without_evidence_there_is_no_note():
    assert not hasattr(UpgradeError("it failed"), "__notes__")


def test_replacing_the_evidence_leaves_one_note():
    error = UpgradeError("it failed", "the response")
    error.evidence += "\n\nthe answer to a plain GET"
    assert error.__notes__ == ["the response\n\nthe answer to a plain GET"]


def test_removing_the_evidence_keeps_other_notes():
    error = UpgradeError("it failed", "the response")
    error.add_note("while testing")
    error.evidence = ""
    assert error.__notes__ == ["while testing"]


def test_a_traceback_contains_no_control_characters_of_the_peer():
    error = UpgradeError("it failed", "X-Title: \x1b]0;owned\x07\tand more")
    assert "\x1b" not in shown(error)
    assert "X-Title: ␛]0;owned␇\tand more" in shown(error)
    assert error.evidence == "X-Title: \x1b]0;owned\x07\tand more"


# As errors of Python


def test_a_connect_error_is_an_os_error_with_the_errno_of_the_last_address():
    error = ConnectError("it failed", facts={"errnos": (errno.ENETUNREACH, errno.ECONNREFUSED)})
    assert isinstance(error, OSError)
    assert (error.errno, error.strerror) == (errno.ECONNREFUSED, "Connection refused")


def test_without_a_failed_system_call_there_is_no_errno():
    error = ConnectError("the proxy refused")
    assert (error.errno, error.strerror) == (None, None)


def test_timed_out_is_a_timeout_error():
    assert issubclass(TimedOut, TimeoutError)


@pytest.mark.parametrize("kind", [kind for kind in CLASSES if kind not in (ConnectError, TimedOut)])
def test_no_other_error_is_an_os_error(kind):
    assert not issubclass(kind, OSError)


# Pickle and copy


def fields_of(error):
    return {
        name: getattr(error, name, None) for name in (*vars(error), "args", "errno", "strerror")
    }


FACTS = st.fixed_dictionaries(
    {},
    optional={
        "errnos": st.lists(st.sampled_from([101, 111]), min_size=1).map(tuple),
        "path": st.text(),
        "secure": st.booleans(),
        "http_status": st.integers(100, 599),
    },
)


def pickled(error, protocol=pickle.DEFAULT_PROTOCOL):
    return pickle.loads(pickle.dumps(error, protocol))  # noqa: S301


TRIPS = {
    "pickle": pickled,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("trip", TRIPS.values(), ids=TRIPS)
@given(st.sampled_from(CLASSES), st.text(), st.text(), st.text(), FACTS)
def test_an_error_survives_pickling_and_copying(trip, kind, what, evidence, hint, facts):
    error = make(kind, what, evidence, hint=hint, facts=facts)
    error.add_note("while testing")
    again = trip(error)
    assert type(again) is kind
    assert fields_of(again) == fields_of(error)
    assert str(again) == what


@pytest.mark.parametrize("trip", TRIPS.values(), ids=TRIPS)
def test_fields_that_are_set_later_survive_pickling_and_copying(trip):
    error = UpgradeError("it failed", "the response")
    error.evidence = "more"
    error.closed_early = True
    again = trip(error)
    assert (again.evidence, again.closed_early) == ("more", True)
    assert shown(again).endswith("it failed\nmore\n")


@pytest.mark.parametrize("trip", TRIPS.values(), ids=TRIPS)
def test_an_output_that_stalled_survives_pickling_and_copying(trip):
    again = trip(OutputStalled("the output", 1000, ExitStatus.TERMINATED))
    assert (again.status, again.evidence) == (143, "at least 1,000 bytes were not written")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_pickle_protocol_keeps_the_errno(protocol):
    error = ConnectError("it failed", facts={"errnos": (errno.ECONNREFUSED,)})
    assert pickled(error, protocol).errno == errno.ECONNREFUSED


# Facts of real failures


@pytest.fixture
def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]  # bound, and not listening: connections are refused


def failure(url, **options):
    with pytest.raises(WscliError) as caught, wscli.connect(url, **options):
        pass
    return caught.value


def test_a_refused_connection_can_be_caught_as_an_os_error(free_port):
    with pytest.raises(OSError, match="could not connect to 127") as caught:
        wscli.connect(f"ws://127.0.0.1:{free_port}")
    assert (caught.value.errno, caught.value.kind) == (errno.ECONNREFUSED, "tcp")


def test_a_name_that_does_not_exist_is_a_fact():
    error = failure("ws://name.invalid")
    assert (type(error), error.kind, error.facts) == (
        ConnectError,
        "name",
        {"host": "name.invalid"},
    )
    assert error.errno is None


def test_a_unix_socket_that_does_not_exist_has_an_errno(tmp_path):
    error = failure("ws://x", unix_socket=str(tmp_path / "none"))
    assert (error.kind, error.errno) == ("unix-socket", errno.ENOENT)


@pytest.mark.parametrize("from_environment", [True, False])
def test_a_proxy_that_cannot_be_reached_has_its_source_as_a_fact(
    free_port, monkeypatch, from_environment
):
    proxy = f"http://127.0.0.1:{free_port}"
    if from_environment:
        monkeypatch.setenv("http_proxy", proxy)
    error = failure("ws://example.invalid", proxy=None if from_environment else proxy)
    assert (error.kind, error.errno) == ("proxy", errno.ECONNREFUSED)
    assert error.facts["from_environment"] == from_environment


def test_a_server_that_never_answers_can_be_caught_as_a_timeout(scripted):
    url = scripted(lambda peer: peer.wait_for_end()).url
    with pytest.raises(TimeoutError) as caught:
        wscli.connect(url, connect_timeout=0.2)
    error = caught.value
    assert (type(error), error.kind) == (TimedOut, "upgrade")
    assert error.facts == {"seconds": 0.2, "secure": False}


def test_a_server_that_never_speaks_tls_is_a_timeout_of_kind_tls(scripted):
    url = scripted(lambda peer: peer.wait_for_end()).url.replace("ws:", "wss:")
    error = failure(url, connect_timeout=0.2)
    assert (type(error), error.kind, error.facts["secure"]) == (TimedOut, "tls", True)


def test_a_refusal_has_its_status_and_its_cause(scripted):
    response = "HTTP/1.1 403 No\r\nContent-Length: 10\r\n\r\nbad origin"
    url = scripted(lambda peer: peer.refuse(response)).url
    error = failure(f"{url}feed?token=secret", origin="https://a.example")
    assert (type(error), error.http_status, error.kind) == (UpgradeError, 403, "origin")
    assert error.facts["origin"] == "https://a.example"
    assert error.facts["own_origin"] == url.replace("ws:", "http:").rstrip("/")
    assert error.facts["path"] == "/feed"
    assert "secret" not in repr(vars(error))


def test_an_invalid_101_has_a_kind_and_no_status(scripted):
    url = scripted(lambda peer: peer.accept("Sec-WebSocket-Protocol: chat")).url
    error = failure(url)
    assert (error.kind, error.http_status) == ("subprotocol-unoffered", None)


def test_an_untrusted_certificate_has_a_kind(scripted):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    error = failure(scripted(lambda peer: peer.read_request(), tls=context).url)
    assert (type(error), error.kind) == (TLSError, "certificate-untrusted")


def test_a_lost_connection_has_the_idle_time_as_a_fact(scripted):
    def script(peer):
        peer.accept()
        peer.reset()

    with wscli.connect(scripted(script).url) as session, pytest.raises(ConnectionLost) as caught:
        session.receive()
    assert (caught.value.kind, caught.value.code) == ("lost", 1006)
    assert 0 <= caught.value.facts["idle"] < 10


def test_the_close_code_of_the_peer_is_a_fact(scripted):
    def script(peer):
        peer.accept()
        peer.close(1011, "oops")
        peer.expect_close()

    with wscli.connect(scripted(script).url) as session, pytest.raises(ConnectionClosed) as caught:
        session.receive()
    assert (caught.value.kind, caught.value.facts) == ("peer-closed", {"code": 1011})


def test_the_rule_that_the_peer_broke_is_a_fact(scripted):
    def script(peer):
        peer.accept(then=b"\x83\x00")
        peer.wait_for_end()

    with (
        wscli.connect(scripted(script).url) as session,
        pytest.raises(errors.ProtocolError) as caught,
    ):
        session.receive()
    assert caught.value.kind == "violation"
    assert caught.value.facts == {"rule": "reserved-opcode", "code": 1002}


BAD_OPTIONS = {
    "header": {"headers": (("a b", "c"),)},
    "subprotocol": {"subprotocols": ("a b",)},
    "proxy": {"proxy": "gopher://x"},
    "bearer": {"user": "a", "bearer": "b"},
    "key": {"key": "/nowhere"},
    "cert": {"cert": "/nowhere"},
    "tls": {"tls_min": "1.1"},
}


@pytest.mark.parametrize("options", BAD_OPTIONS.values(), ids=BAD_OPTIONS)
def test_errors_name_no_option_of_the_command_line(options, scripted):
    address = scripted(lambda peer: None).address
    error = failure(f"wss://{address}", **options)
    assert isinstance(error, UsageError)
    said = [str(error), error.hint, *getattr(error, "__notes__", [])]
    assert not re.search(OPTION, "\n".join(said))
