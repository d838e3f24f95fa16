"""The opening handshake: the RFC's own example, and each way a response can be wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wscli.wire.deflate import OFFER, PerMessageDeflate
from wscli.wire.handshake import accept_value, check_response, parse_extensions
from wscli.wire.head import Headers, parse_request, parse_response

# RFC 6455 §1.3
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def request(*more):
    lines = [
        "GET /chat HTTP/1.1",
        "Host: server.example.com",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {KEY}",
        "Sec-WebSocket-Protocol: chat, superchat",
        "Sec-WebSocket-Version: 13",
        *more,
    ]
    return parse_request("\r\n".join([*lines, "", ""]).encode())


def response(*more, **changes):
    headers = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Accept": ACCEPT,
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    lines = ["HTTP/1.1 101 Switching Protocols"]
    lines += [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return parse_response("\r\n".join([*lines, *more, "", ""]).encode())


def faults(answer, *offers):
    return [fault.id for fault in check_response(request(*offers), answer).faults]


def test_the_key_of_rfc_6455_section_1_3_is_answered():
    assert accept_value(KEY) == ACCEPT


def test_the_example_of_the_rfc_is_valid():
    agreement = check_response(request(), response("Sec-WebSocket-Protocol: chat"))
    assert agreement == ("chat", None, None, (), ())


def test_the_case_of_names_and_tokens_does_not_matter():
    assert faults(response(Upgrade="WebSocket", Connection="keep-alive, UPGRADE")) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"Upgrade": None}, "upgrade"),
        ({"Upgrade": "h2c"}, "upgrade"),
        ({"Connection": None}, "connection"),
        ({"Connection": "close"}, "connection"),
        ({"Sec_WebSocket_Accept": None}, "accept"),
        ({"Sec_WebSocket_Accept": ACCEPT.lower()}, "accept"),
        ({"Sec_WebSocket_Accept": ACCEPT + "x"}, "accept"),
        ({"Sec_WebSocket_Protocol": "graphql-ws"}, "subprotocol"),
        ({"Sec_WebSocket_Protocol": "Chat"}, "subprotocol"),
        ({"Sec_WebSocket_Protocol": "chat, superchat"}, "subprotocol"),
        ({"Sec_WebSocket_Extensions": "permessage-deflate"}, "extension"),
    ],
)
def test_each_fault_of_a_response_is_named(changes, fault):
    assert faults(response(**changes)) == [fault]


def test_two_accept_headers_are_a_fault():
    assert faults(response(f"Sec-WebSocket-Accept: {ACCEPT}")) == ["accept"]


def test_an_http_1_0_response_is_a_fault():
    answer = response()._replace(version="1.0")
    assert faults(answer) == ["http-version"]


def test_a_wrong_accept_is_reported_with_the_right_one():
    (fault,) = check_response(request(), response(Sec_WebSocket_Accept="nonsense")).faults
    assert "'nonsense'" in fault.sentence
    assert ACCEPT in fault.sentence


@pytest.mark.parametrize(
    ("answer", "agreed"),
    [
        ("permessage-deflate", PerMessageDeflate()),
        (
            "permessage-deflate; server_max_window_bits=10; client_max_window_bits=9",
            PerMessageDeflate(server_max_window_bits=10, client_max_window_bits=9),
        ),
        (
            'permessage-deflate;client_no_context_takeover ; server_max_window_bits="12"',
            PerMessageDeflate(client_no_context_takeover=True, server_max_window_bits=12),
        ),
    ],
)
def test_compression_is_agreed_on(answer, agreed):
    offered = request(f"Sec-WebSocket-Extensions: {OFFER}")
    agreement = check_response(offered, response(Sec_WebSocket_Extensions=answer))
    assert agreement.deflate == agreed
    assert agreement.extensions == answer
    assert agreement.faults == ()


@pytest.mark.parametrize(
    "answer",
    [
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; window=9",
        "permessage-deflate, permessage-deflate",
        "x-webkit-deflate-frame",
        "permessage-deflate;",
        "permessage-deflate=1",
        "=",
    ],
)
def test_a_wrong_answer_about_extensions_is_a_fault(answer):
    offer = f"Sec-WebSocket-Extensions: {OFFER}"
    assert faults(response(Sec_WebSocket_Extensions=answer), offer) == ["extension"]


@pytest.mark.parametrize(
    ("offer", "answer"),
    [
        ("permessage-deflate", "permessage-deflate; client_max_window_bits=9"),
        ("permessage-deflate; server_no_context_takeover", "permessage-deflate"),
        ("permessage-deflate; server_max_window_bits=10", "permessage-deflate"),
        (
            "permessage-deflate; client_max_window_bits=10",
            "permessage-deflate; client_max_window_bits=11",
        ),
        ("foo", "foo"),
    ],
)
def test_an_answer_beyond_the_offer_is_a_fault(offer, answer):
    header = f"Sec-WebSocket-Extensions: {offer}"
    assert faults(response(Sec_WebSocket_Extensions=answer), header) == ["extension"]


def test_any_of_several_offers_may_be_taken():
    header = "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10, "
    answer = response(Sec_WebSocket_Extensions="permessage-deflate")
    assert faults(answer, header + "permessage-deflate") == []


def test_extensions_over_several_headers_are_one_list():
    headers = Headers(
        [("Sec-WebSocket-Extensions", "a; x=1"), ("sec-websocket-extensions", 'b;y="q\\"z"')]
    )
    assert parse_extensions(headers) == [("a", (("x", "1"),)), ("b", (("y", 'q"z'),))]


@given(st.text(alphabet='ab;,="\\ \t', max_size=30))
def test_any_extension_header_is_parsed_or_rejected(value):
    try:
        parse_extensions(Headers([("Sec-WebSocket-Extensions", value)]))
    except ValueError as error:
        assert str(error)  # noqa: PT017
