"""When to connect again, and when not."""

import ssl

import pytest
import trustme

from wscli.errors import ConnectError, TimedOut, TLSError, UpgradeError, UsageError, WscliError
from wscli.net.options import ConnectOptions
from wscli.session.connect import open_driver
from wscli.session.end import End
from wscli.session.reconnect import FIRST_WAIT, LONGEST_WAIT, Reconnect
from wscli.wire.closing import Side
from wscli.wire.rules import TEXT_NOT_UTF8, Violation

LOST = ConnectError("refused")


def end(code=1006, began=None, lasted=1.0, violation=None, unanswered=None):
    return End(code, "", began, False, 0.0, lasted, violation, unanswered)


def test_the_limit_doubles_from_half_a_second_to_thirty():
    reconnect = Reconnect(chance=lambda: 1.0)
    assert [reconnect.wait(LOST) for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_the_wait_is_a_random_part_of_the_limit():
    assert Reconnect(chance=lambda: 0.0).wait(LOST) == 0
    assert Reconnect(chance=lambda: 0.5).wait(LOST) == FIRST_WAIT / 2
    assert all(0 <= Reconnect().wait(LOST) <= FIRST_WAIT for _ in range(100))


def test_a_connection_that_lasted_resets_the_limit():
    reconnect = Reconnect(chance=lambda: 1.0)
    for _ in range(5):
        reconnect.wait(LOST)
    assert reconnect.wait(end(lasted=1.0)) == 16
    assert reconnect.wait(end(lasted=LONGEST_WAIT)) == FIRST_WAIT


@pytest.mark.parametrize(
    "outcome",
    [
        end(),
        end(1000, began=Side.REMOTE),
        end(1001, began=Side.REMOTE),
        end(1012, began=Side.REMOTE),
        end(1007, began=Side.LOCAL, violation=Violation(TEXT_NOT_UTF8, "")),
        end(1011, began=Side.LOCAL, unanswered=20.0),
        LOST,
        TimedOut("slow"),
        UpgradeError("busy", facts={"http_status": 503}),
        UpgradeError("too many", facts={"http_status": 429}),
    ],
    ids=str,
)
def test_it_reconnects_after_an_end_that_may_not_repeat(outcome):
    assert Reconnect().wait(outcome) is not None


@pytest.mark.parametrize(
    "outcome",
    [
        end(1008, began=Side.REMOTE),
        end(4000, began=Side.REMOTE),
        end(4999, began=Side.REMOTE),
        UpgradeError("forbidden", facts={"http_status": 403}),
        UpgradeError("not a valid 101"),
        TLSError("expired"),
        UsageError("no URL"),
    ],
    ids=str,
)
def test_it_does_not_reconnect_after_a_refusal_unless_always(outcome):
    assert Reconnect().wait(outcome) is None
    assert Reconnect(always=True).wait(outcome) is not None


@pytest.mark.parametrize("always", [False, True])
def test_it_never_reconnects_after_the_user_has_closed(always):
    assert Reconnect(always=always).wait(end(1000, began=Side.LOCAL)) is None
    assert Reconnect(always=always).wait(end(1006, began=Side.LOCAL)) is None


def failure(url, **options):
    """Return the error of an attempt to connect."""
    with pytest.raises(WscliError) as caught:
        open_driver(url, ConnectOptions(**options))
    return caught.value


@pytest.fixture
def certified():
    """A TLS server's context that no client trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    return context


def close_after_the_request(peer):
    peer.read_request()
    peer.fin()


CLOSED_EARLY = {
    "closed at once": lambda peer: peer.fin(),
    "reset at once": lambda peer: peer.reset(),
    "closed after the request": close_after_the_request,
    "closed within the head": lambda peer: peer.refuse("HTTP/1.1 101 Swi"),
}


@pytest.mark.parametrize("script", CLOSED_EARLY.values(), ids=CLOSED_EARLY)
def test_it_reconnects_if_the_connection_ends_before_an_answer(scripted, script):
    error = failure(scripted(script).url)
    assert isinstance(error, UpgradeError | ConnectError)
    assert Reconnect().wait(error) is not None


@pytest.mark.parametrize("script", CLOSED_EARLY.values(), ids=CLOSED_EARLY)
def test_it_reconnects_if_the_connection_ends_right_after_the_tls_handshake(
    scripted, certified, script
):
    error = failure(scripted(script, tls=certified).url, insecure=True)
    assert isinstance(error, UpgradeError | TLSError)
    assert Reconnect().wait(error) is not None


@pytest.mark.parametrize("script", [lambda peer: peer.fin(), lambda peer: peer.reset()])
def test_it_reconnects_if_the_connection_ends_during_the_tls_handshake(scripted, script):
    error = failure(scripted(script).url.replace("ws:", "wss:"))
    assert isinstance(error, TLSError | ConnectError)
    assert Reconnect().wait(error) is not None


INVALID = {
    "another protocol": "SSH-2.0-OpenSSH_9.2\r\n",
    "an invalid 101": "HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "a malformed head": "HTTP/1.1 OK\r\n\r\n",
}


@pytest.mark.parametrize("answer", INVALID.values(), ids=INVALID)
def test_it_does_not_reconnect_after_an_invalid_answer(scripted, answer):
    error = failure(scripted(lambda peer: peer.refuse(answer)).url)
    assert isinstance(error, UpgradeError)
    assert Reconnect().wait(error) is None


def test_it_does_not_reconnect_if_the_certificate_is_not_trusted(scripted, certified):
    error = failure(scripted(lambda peer: None, tls=certified).url)
    assert isinstance(error, TLSError)
    assert Reconnect().wait(error) is None


def test_it_does_not_reconnect_if_a_client_certificate_is_missing(scripted, certified):
    certified.verify_mode = ssl.CERT_REQUIRED
    certified.maximum_version = ssl.TLSVersion.TLSv1_2  # 1.3 sends its alert after the handshake
    error = failure(scripted(lambda peer: None, tls=certified).url, insecure=True)
    assert isinstance(error, TLSError)
    assert Reconnect().wait(error) is None


def test_a_session_reconnects_through_a_port_forwarder_whose_server_is_down(terminal, scripted):
    def serve(peer):
        peer.accept()
        peer.text("back again")
        peer.wait_for_end()

    closed = CLOSED_EARLY["closed at once"]
    server = scripted(closed, CLOSED_EARLY["reset at once"], close_after_the_request, serve)
    session = terminal("connect", "--reconnect", server.url)
    session.until("back again")
    assert server.connections == 4
