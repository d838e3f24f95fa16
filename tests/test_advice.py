"""Each kind of error has a hint, and facts decide between two of them."""

import errno
import re
from itertools import chain, product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wscli import kinds
from wscli.advice import ADVICE, advise
from wscli.cli.command import has_optional_value, options_of, takes_value
from wscli.cli.main import load_command
from wscli.errors import ProtocolError, UpgradeError, UsageError, WscliError
from wscli.status import ExitStatus, OutputStalled
from wscli.wire.codes import CloseCode
from wscli.wire.diagnosis import Evidence, PlainResponse, diagnose
from wscli.wire.head import parse_request, parse_response

KINDS = tuple(chain.from_iterable(get_args(group) for group in get_args(kinds.Kind)))
EVERY_FACT = {
    "errnos": (errno.ECONNREFUSED,),
    "from_environment": True,
    "secure": False,
    "http_status": 503,
    "path": "/feed",
    "host": "a.example",
    "origin": "https://a.example",
    "own_origin": "http://b.example",
    "credentials_sent": False,
    "subprotocol_offered": False,
    "location": "/else",
    "versions": "8, 7",
    "challenge": "Basic realm=x",
    "probe_challenge": "Bearer",
    "probe_status": 404,
    "resource": "an ordinary web page",
    "server": "uvicorn",
    "gateway": "Caddy",
    "debugger_url": "ws://127.0.0.1:9222/devtools/page/A1",
    "seconds": 1.5,
    "idle": 60.0,
    "idle_limit": 60,
    "code": 1011,
    "rule": "reserved-opcode",
}


def advice_on(kind, **facts):
    return advise(WscliError("it failed", kind=kind, facts={**EVERY_FACT, **facts}))


def without(kind, *names, **facts):
    """Return the hint for a kind if some facts are absent."""
    known = {name: value for name, value in {**EVERY_FACT, **facts}.items() if name not in names}
    return advise(WscliError("it failed", kind=kind, facts=known))


def test_every_kind_has_a_hint_and_there_are_no_others():
    assert set(ADVICE) == set(KINDS)


def test_no_kind_is_in_two_groups():
    assert len(KINDS) == len(set(KINDS))


def test_these_tests_know_every_fact():
    assert set(EVERY_FACT) == set(kinds.Facts.__annotations__)


@pytest.mark.parametrize("kind", KINDS)
def test_a_hint_is_a_clause_with_nothing_left_to_fill_in(kind):
    text = advice_on(kind)
    assert text
    assert not text.endswith(".")
    assert "{" not in text
    assert "None" not in text


@pytest.mark.parametrize("kind", KINDS)
def test_a_fact_is_never_read_as_a_template(kind):
    """The text of a path or header may be the peer's, and have braces."""
    texts = {name: "{x}" for name, value in EVERY_FACT.items() if isinstance(value, str)}
    assert advice_on(kind, **texts)


def test_an_error_without_a_kind_has_its_own_hint():
    assert advise(UsageError("it failed", hint="give one of them")) == "give one of them"


def test_an_error_without_a_kind_and_hint_has_no_hint():
    assert advise(WscliError("it failed")) == ""


@pytest.mark.parametrize("status", list(ExitStatus))
def test_a_longer_timeout_is_suggested_only_after_a_timeout_of_the_output(status):
    text = advise(OutputStalled("the output", 1, status))
    assert text.startswith("--timeout") == (status == ExitStatus.TIMEOUT)


# Facts that decide


@pytest.mark.parametrize(
    ("from_environment", "words"),
    [(True, "--no-proxy to connect directly"), (False, "check --proxy")],
)
def test_no_proxy_is_suggested_only_for_a_proxy_of_the_environment(from_environment, words):
    text = advice_on("proxy", from_environment=from_environment)
    assert text == f"start the proxy, or {words}"


@pytest.mark.parametrize(
    ("errnos", "words"),
    [
        ((errno.ECONNREFUSED,), "check that a server is listening on that port"),
        ((errno.EADDRNOTAVAIL, errno.ENETUNREACH), "IPv4 with -4, or IPv6 with -6"),
        ((errno.ETIMEDOUT, errno.ECONNREFUSED), "a firewall may be dropping the packets"),
        ((errno.EADDRNOTAVAIL,), "check the host and port"),
    ],
)
def test_the_first_known_error_of_an_address_decides(errnos, words):
    assert words in advice_on("tcp", errnos=errnos)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (407, "--proxy http://USER:PASS@HOST:PORT"),
        (403, "does not allow"),
        (418, "allows CONNECT"),
    ],
)
def test_the_status_of_the_proxy_decides(status, words):
    assert words in advice_on("proxy-refusal", http_status=status)


@pytest.mark.parametrize("secure", [True, False])
def test_wss_is_suggested_for_a_silent_port_only_without_tls(secure):
    assert ("use wss://" in advice_on("upgrade", secure=secure)) != secure


@pytest.mark.parametrize(
    ("secure", "words"), [(True, "--cert FILE --key FILE"), (False, "use wss://")]
)
def test_a_port_that_closes_at_once_may_require_tls_or_a_client_certificate(secure, words):
    assert words in advice_on("no-answer", secure=secure)


def test_pings_are_not_suggested_after_a_short_idle_time():
    assert "--ping-interval" not in without("lost", "idle_limit", idle=9.9)


@pytest.mark.parametrize(
    ("idle", "limit", "interval"), [(59.6, 60, "30s"), (60.3, 60, "30s"), (75.9, None, "37s")]
)
def test_pings_are_suggested_at_half_the_time_limit(idle, limit, interval):
    facts = {"idle": idle} if limit is None else {"idle": idle, "idle_limit": limit}
    text = advise(WscliError("lost", kind="lost", facts=facts))
    assert text.startswith(f"--ping-interval {interval} keeps it open")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (1003, "--text or --binary"),
        (1008, "an --origin that it accepts"),
        (1002, "use -vv to see each frame"),
        (1013, "overloaded"),
    ],
)
def test_the_close_code_of_the_peer_decides(code, words):
    assert words in advice_on("peer-closed", code=code)


def test_an_unknown_close_code_suggests_nothing():
    assert advice_on("peer-closed", code=4001) == ""


def test_a_larger_limit_is_suggested_for_a_message_that_is_too_large():
    assert advice_on("violation", code=1009) == "--max-size SIZE accepts larger messages"
    assert "--max-size" not in advice_on("violation", code=1002)


def test_another_origin_is_suggested_only_if_one_was_sent():
    assert "an --origin other than https://a.example" in advice_on("origin")
    assert "--origin http://b.example" in without("origin", "origin")


@pytest.mark.parametrize("kind", ["forbidden", "get-forbidden", "daphne-closed", "asgi-closed"])
def test_credentials_are_suggested_unless_some_were_sent(kind):
    assert "--bearer TOKEN" in advice_on(kind, credentials_sent=False)
    assert "other than those sent" in advice_on(kind, credentials_sent=True)


@pytest.mark.parametrize("kind", ["credentials-missing", "credentials-refused"])
def test_the_challenge_of_the_refusal_takes_precedence_over_that_of_the_get(kind):
    assert "(it asks for Basic realm=x)" in advice_on(kind)
    assert "(a plain GET is asked for Bearer)" in without(kind, "challenge")
    assert "asks for" not in without(kind, "challenge", "probe_challenge")


def test_without_a_challenge_all_kinds_of_credentials_are_suggested():
    text = without("credentials-missing", "challenge", "probe_challenge", server="ws")
    assert "does not say which" in text
    assert text.endswith("finally, try an --origin other than https://a.example")


@pytest.mark.parametrize("kind", ["bad-request", "node-ws-path"])
def test_a_subprotocol_is_suggested_only_if_none_was_offered(kind):
    assert "--subprotocol NAME" in advice_on(kind, subprotocol_offered=False)
    assert "--subprotocol NAME" not in advice_on(kind, subprotocol_offered=True)


@pytest.mark.parametrize("kind", ["not-found", "page", "upgrade-fails"])
def test_a_proxy_in_front_must_forward_upgrades(kind):
    assert "Caddy must forward upgrades" in advice_on(kind)
    assert "must forward" not in without(kind, "gateway")


@pytest.mark.parametrize(
    ("gateway", "setting"), [("nginx", "proxy_http_version 1.1"), ("Apache", "mod_proxy_wstunnel")]
)
def test_the_setting_that_forwards_upgrades_is_named_if_it_is_known(gateway, setting):
    assert setting in advice_on("page", gateway=gateway)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failure_is_blamed_on_the_proxy_if_there_is_one(status):
    assert "Caddy" in advice_on("server-failed", http_status=status)
    assert "Caddy" not in without("server-failed", "gateway", http_status=status)


def test_the_hint_for_a_redirect_without_a_location():
    assert "connect to its Location yourself" in without("redirect", "location")


def test_devtools_without_a_target_have_a_hint_too():
    assert "such as ws://127.0.0.1:9222" in advice_on("devtools")
    assert "such as" not in without("devtools", "debugger_url")


def test_a_known_service_is_named_even_if_it_sends_http_instead_of_frames():
    error = ProtocolError("it failed", kind="sockjs", facts={"rule": "http-response", "code": 1002})
    assert advise(error) == "this is SockJS: its WebSocket is at /websocket"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (405, "opens with GET"),
        (407, "--proxy http://USER:PASS@HOST:PORT"),
        (408, "gave up waiting"),
        (410, "gone for good"),
        (421, "--server-name"),
        (429, "wait, then try again"),
        (431, "shorten --cookie"),
        (501, "does not support WebSocket"),
        (418, "may say more"),
    ],
)
def test_other_statuses_have_their_own_hints(status, words):
    assert words in advice_on("status", http_status=status)


def test_a_hint_says_that_a_plain_get_finds_nothing_either():
    assert "does not exist for a plain GET either" in advice_on("not-found", probe_status=404)
    assert "either" not in advice_on("not-found", probe_status=200)
    assert "either" not in without("not-found", "probe_status")


def test_common_paths_are_suggested_without_a_proxy_in_front():
    assert without("not-found", "gateway").endswith("common paths are /ws and /socket")


def test_the_origin_is_suggested_after_credentials_only_for_ws():
    facts = {"server": "uvicorn"}
    assert "--origin" not in without("credentials-missing", "challenge", "probe_challenge", **facts)


def test_the_websocket_of_sockjs_is_below_the_path():
    assert advice_on("sockjs", path="/chat/").endswith("/chat/websocket")
    assert without("sockjs", "path").endswith("at /websocket")


@pytest.mark.parametrize("idle", [0.0, 9.9, 10.0, 10.1])
def test_pings_are_suggested_after_ten_idle_seconds(idle):
    assert ("--ping-interval" in without("lost", "idle_limit", idle=idle)) == (idle >= 10)


# The options that hints name

FLAGS = ("credentials_sent", "secure", "from_environment", "subprotocol_offered")
UNREACHED = (errno.ECONNREFUSED, errno.ECONNRESET, errno.ENETUNREACH, errno.EHOSTUNREACH)
DECIDING = [
    *({"code": code} for code in (*CloseCode, 4000)),
    *({"http_status": status} for status in (*range(400, 432), *range(500, 505))),
    *({"errnos": (number,)} for number in (errno.EPERM, *UNREACHED)),
]
VARIATIONS = [
    {**facts, **dict.fromkeys(FLAGS, flag)} for facts, flag in product(DECIDING, [True, False])
]
ABSENT = [(), ("origin", "idle_limit"), ("gateway", "challenge"), ("debugger_url", "location")]
MENTIONED = r"(?<![\w-])(--[a-z][a-z0-9-]*|-[A-Za-z0-9]+)(?: ([A-Z]+\b|'[^']*'|[a-z]+://\S+))?"


def all_advice(kind):
    """Return every hint for a kind, whatever the facts."""
    is_failure = kind == "server-failed"
    return {
        without(kind, *names, **facts)
        for facts in VARIATIONS
        for names in ABSENT
        if not is_failure or facts.get("http_status", 500) in (500, 502, 503, 504)
    }


@pytest.mark.parametrize("kind", KINDS)
def test_hints_name_only_existing_options_with_values_if_they_take_one(kind):
    """``send`` has every option for connecting, for messages and for output."""
    options = options_of(load_command("send"))
    for text in all_advice(kind):
        for name, value in re.findall(MENTIONED, text.replace("curl -N", "curl")):
            known = name if name in options else name[:2]  # -vv is -v twice
            assert known in options, text
            if value:
                assert takes_value(options[known]), text
                assert not has_optional_value(options[known])


def test_the_options_in_hints_are_found():
    """Otherwise the test above would prove nothing."""
    found = {
        name
        for kind in KINDS
        for text in all_advice(kind)
        for name, _ in re.findall(MENTIONED, text)
    }
    assert {"--cert", "--key", "-vv", "-4", "-H", "--proxy", "--ping-interval"} <= found


# Any refusal

FIELDS = st.sampled_from(
    [
        "Server: uvicorn",
        "Server: nginx/1.22",
        "Via: 1.1 Caddy",
        "WWW-Authenticate: Basic realm={x}",
        "Sec-WebSocket-Version: 8",
        "Content-Type: text/html",
        "Content-Type: text/event-stream",
        "Location: /else?token=secret",
    ]
)
BODIES = st.sampled_from(
    [
        b"",
        b"Bad Request",
        b"Transport unknown",
        b"Welcome to SockJS!",
        b'"webSocketDebuggerUrl": "ws://127.0.0.1/{x}?token=secret"',
        b"the origin is wrong",
        b"invalid host",
        b"missing subprotocol",
        b"<center>nginx/1.22</center>",
    ]
)
STATUSES = st.sampled_from([200, 302, 400, 401, 403, 404, 407, 418, 426, 500, 502, 503, 504])


def make_response(status, fields, body):
    head = "\r\n".join([f"HTTP/1.1 {status} Bad Request", *fields, "", ""])
    return PlainResponse(parse_response(head.encode()), body)


RESPONSES = st.builds(make_response, STATUSES, st.lists(FIELDS, max_size=3), BODIES)
REQUESTS = st.lists(
    st.sampled_from(
        ["Host: {h}", "Origin: http://{o}", "Cookie: a=secret", "Authorization: secret"]
    ),
    unique=True,
).map(lambda fields: "\r\n".join(["GET /{p}?token=secret HTTP/1.1", *fields, "", ""]).encode())


@given(REQUESTS, st.booleans(), st.none() | RESPONSES, st.none() | RESPONSES)
def test_any_refusal_has_a_hint_without_secrets(request, secure, answer, probe):
    kind, facts = diagnose(Evidence(parse_request(request), secure, answer, probe))
    text = advise(UpgradeError("it failed", kind=kind, facts=facts))
    assert text
    assert "secret" not in text
