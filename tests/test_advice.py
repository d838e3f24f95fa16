"""Hints: each kind of error has advice, and facts decide between two texts."""

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
    """Return the advice where some facts are absent."""
    known = {name: value for name, value in {**EVERY_FACT, **facts}.items() if name not in names}
    return advise(WscliError("it failed", kind=kind, facts=known))


def test_every_kind_has_advice_and_nothing_else_does():
    assert set(ADVICE) == set(KINDS)


def test_no_kind_is_in_two_groups():
    assert len(KINDS) == len(set(KINDS))


def test_the_facts_of_these_tests_are_complete():
    assert set(EVERY_FACT) == set(kinds.Facts.__annotations__)


@pytest.mark.parametrize("kind", KINDS)
def test_advice_is_a_clause_with_nothing_left_to_fill_in(kind):
    text = advice_on(kind)
    assert text
    assert not text.endswith(".")
    assert "{" not in text
    assert "None" not in text


@pytest.mark.parametrize("kind", KINDS)
def test_a_fact_is_never_taken_for_a_template(kind):
    """A path or a header comes from the peer, and may have braces."""
    texts = {name: "{x}" for name, value in EVERY_FACT.items() if isinstance(value, str)}
    assert advice_on(kind, **texts)


def test_an_error_without_a_kind_has_its_own_hint():
    assert advise(UsageError("it failed", hint="give one of them")) == "give one of them"


def test_an_error_with_neither_has_no_advice():
    assert advise(WscliError("it failed")) == ""


@pytest.mark.parametrize("status", list(ExitStatus))
def test_only_an_output_stalled_by_a_time_limit_suggests_a_longer_one(status):
    text = advise(OutputStalled("the output", 1, status))
    assert text.startswith("--timeout") == (status == ExitStatus.TIMEOUT)


# Facts that decide


@pytest.mark.parametrize(
    ("from_environment", "words"),
    [(True, "--no-proxy to connect directly"), (False, "check --proxy")],
)
def test_no_proxy_is_suggested_only_for_the_environments(from_environment, words):
    text = advice_on("proxy", from_environment=from_environment)
    assert text == f"start the proxy, or {words}"


@pytest.mark.parametrize(
    ("errnos", "words"),
    [
        ((errno.ECONNREFUSED,), "is a server listening on that port?"),
        ((errno.EADDRNOTAVAIL, errno.ENETUNREACH), "-4 or -6 uses one version of IP only"),
        ((errno.ETIMEDOUT, errno.ECONNREFUSED), "a firewall may drop the packets"),
        ((errno.EADDRNOTAVAIL,), "check host and port"),
    ],
)
def test_the_first_known_reason_decides(errnos, words):
    assert words in advice_on("tcp", errnos=errnos)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (407, "--proxy http://USER:PASS@HOST:PORT"),
        (403, "does not allow"),
        (418, "allows CONNECT?"),
    ],
)
def test_the_status_of_a_proxy_decides(status, words):
    assert words in advice_on("proxy-refusal", http_status=status)


@pytest.mark.parametrize("secure", [True, False])
def test_a_silent_port_may_expect_tls_unless_it_had_it(secure):
    assert ("or wss://" in advice_on("upgrade", secure=secure)) != secure


@pytest.mark.parametrize(
    ("secure", "words"), [(True, "--cert FILE --key FILE"), (False, "try wss://")]
)
def test_a_port_that_closes_at_once_may_want_tls_or_more_of_it(secure, words):
    assert words in advice_on("no-answer", secure=secure)


def test_a_short_idle_time_does_not_suggest_pings():
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
        (1008, "an --origin that it knows"),
        (1002, "-vv shows each frame"),
        (1013, "overloaded"),
    ],
)
def test_the_close_code_of_the_peer_decides(code, words):
    assert words in advice_on("peer-closed", code=code)


def test_an_unknown_close_code_suggests_nothing():
    assert advice_on("peer-closed", code=4001) == ""


def test_a_message_over_our_limit_suggests_a_larger_one():
    assert advice_on("violation", code=1009) == "--max-size SIZE takes larger messages"
    assert "--max-size" not in advice_on("violation", code=1002)


def test_another_origin_is_suggested_only_if_one_was_sent():
    assert "another --origin than https://a.example" in advice_on("origin")
    assert "--origin http://b.example" in without("origin", "origin")


@pytest.mark.parametrize("kind", ["forbidden", "get-forbidden", "daphne-closed", "asgi-closed"])
def test_credentials_are_named_unless_some_were_sent(kind):
    assert "--bearer TOKEN" in advice_on(kind, credentials_sent=False)
    assert "other than those sent" in advice_on(kind, credentials_sent=True)


@pytest.mark.parametrize("kind", ["credentials-missing", "credentials-refused"])
def test_the_challenge_of_the_refusal_takes_precedence_over_that_of_the_get(kind):
    assert "(it asks for Basic realm=x)" in advice_on(kind)
    assert "(a plain GET is asked for Bearer)" in without(kind, "challenge")
    assert "asks for" not in without(kind, "challenge", "probe_challenge")


def test_without_a_challenge_the_kind_of_credentials_is_unknown():
    text = without("credentials-missing", "challenge", "probe_challenge", server="ws")
    assert "does not say of which kind" in text
    assert text.endswith("last, another --origin than https://a.example")


@pytest.mark.parametrize("kind", ["bad-request", "node-ws-path"])
def test_a_subprotocol_is_suggested_only_if_none_was_offered(kind):
    assert "--subprotocol NAME" in advice_on(kind, subprotocol_offered=False)
    assert "--subprotocol NAME" not in advice_on(kind, subprotocol_offered=True)


@pytest.mark.parametrize("kind", ["not-found", "page", "upgrade-fails"])
def test_a_proxy_in_front_must_pass_upgrades(kind):
    assert "Caddy must pass upgrades on" in advice_on(kind)
    assert "must pass" not in without(kind, "gateway")


@pytest.mark.parametrize(
    ("gateway", "setting"), [("nginx", "proxy_http_version 1.1"), ("Apache", "mod_proxy_wstunnel")]
)
def test_the_setting_of_a_known_proxy_is_named(gateway, setting):
    assert setting in advice_on("page", gateway=gateway)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failure_is_attributed_to_the_proxy_if_there_is_one(status):
    assert "Caddy" in advice_on("server-failed", http_status=status)
    assert "Caddy" not in without("server-failed", "gateway", http_status=status)


def test_a_redirect_without_a_location_has_a_hint_too():
    assert "connect to its Location yourself" in without("redirect", "location")


def test_devtools_without_a_target_are_recognised_too():
    assert "such as ws://127.0.0.1:9222" in advice_on("devtools")
    assert "such as" not in without("devtools", "debugger_url")


def test_a_known_service_is_named_if_it_answers_in_place_of_frames():
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
def test_another_status_has_advice_of_its_own(status, words):
    assert words in advice_on("status", http_status=status)


def test_a_page_that_is_missing_for_a_get_too_is_described_as_such():
    assert "is not there for a plain GET either" in advice_on("not-found", probe_status=404)
    assert "either" not in advice_on("not-found", probe_status=200)
    assert "either" not in without("not-found", "probe_status")


def test_a_missing_page_without_a_proxy_suggests_common_paths():
    assert without("not-found", "gateway").endswith("/ws and /socket are common ones")


def test_the_origin_is_suggested_after_credentials_only_for_ws():
    facts = {"server": "uvicorn"}
    assert "--origin" not in without("credentials-missing", "challenge", "probe_challenge", **facts)


def test_the_websocket_of_sockjs_is_below_the_path():
    assert advice_on("sockjs", path="/chat/").endswith("/chat/websocket")
    assert without("sockjs", "path").endswith("at /websocket")


@pytest.mark.parametrize("idle", [0.0, 9.9, 10.0, 10.1])
def test_pings_are_suggested_from_ten_seconds_without_traffic_on(idle):
    assert ("--ping-interval" in without("lost", "idle_limit", idle=idle)) == (idle >= 10)


# The options that advice names

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
    """Return all texts for a kind, over all facts."""
    is_failure = kind == "server-failed"
    return {
        without(kind, *names, **facts)
        for facts in VARIATIONS
        for names in ABSENT
        if not is_failure or facts.get("http_status", 500) in (500, 502, 503, 504)
    }


@pytest.mark.parametrize("kind", KINDS)
def test_advice_names_only_options_that_exist_and_their_values_where_they_take_one(kind):
    """``send`` has every option for connecting, for messages and for output."""
    options = options_of(load_command("send"))
    for text in all_advice(kind):
        for name, value in re.findall(MENTIONED, text.replace("curl -N", "curl")):
            known = name if name in options else name[:2]  # -vv is -v twice
            assert known in options, text
            if value:
                assert takes_value(options[known]), text
                assert not has_optional_value(options[known])


def test_the_pattern_finds_the_options_in_advice():
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
def test_any_refusal_has_advice_that_repeats_no_secret(request, secure, answer, probe):
    kind, facts = diagnose(Evidence(parse_request(request), secure, answer, probe))
    text = advise(UpgradeError("it failed", kind=kind, facts=facts))
    assert text
    assert "secret" not in text
