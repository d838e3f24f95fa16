"""``wscli serve`` against clients made by others, with and without compression."""

from urllib.parse import quote

import pytest

from tests.interop import programs
from tests.interop.programs import LARGEST, SMALLER
from tests.interop.served import Served

CLOSES = [(1000, "done"), (1001, ""), (4321, "own — ü")]
PINGED = "/close?code=1000&after=250ms"
"""A path on which a server that pings every 100 ms does so twice."""

AGREED = {
    "plain": set(),
    "default": {"permessage-deflate"},
    "no takeover": {
        "permessage-deflate",
        "server_no_context_takeover",
        "client_no_context_takeover",
    },
    "small windows": {"permessage-deflate", "server_max_window_bits=9"},
}
"""What must be agreed on; a window for the client's side is not every client's to offer."""


def messages(step, sizes):
    """Return the steps that have text and binary of these sizes echoed."""
    return [[step, [kind, size]] for size in sizes for kind in ("text", "binary")]


def close_path(code, reason):
    """Return the path on which the server closes so."""
    return f"/close?code={code}&reason={quote(reason)}"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with Served(tmp_path_factory.mktemp("served")) as server:
        yield server


@pytest.fixture(scope="module")
def pinging(tmp_path_factory):
    with Served(tmp_path_factory.mktemp("pinging"), "--ping-interval", "100ms") as server:
        yield server


@pytest.fixture(params=programs.OFFERS)
def offer(request, peer):
    """The name of an offer that the peer can make."""
    if request.param in programs.CANNOT_OFFER.get(peer[0], ()):
        pytest.skip(f"a client made with {peer[0]} cannot offer {request.param!r}")
    return request.param


@pytest.fixture
def run(peer_client, offer):
    """Return a function that lets the peer go through a script, and gives what both ends say."""

    def start(server, path, script):
        seen = peer_client.run(server.url + path, script, programs.OFFERS[offer])
        return seen, server.ended()

    return start


def test_messages_of_all_sizes_come_back(run, served, offer):
    sizes = (*SMALLER, LARGEST[offer])
    seen, ended = run(served, "/echo", messages("echo", sizes))
    assert seen[0] == 1000
    assert (ended["code"], ended["by"], ended["clean"]) == (1000, "client", True)
    assert ended["messages_in"] == ended["messages_out"] == 2 * len(sizes)
    agreed = served.recorded()[-1][0].get("extensions", "")
    assert {word for word in agreed.split("; ") if word} >= AGREED[offer]
    assert bool(agreed) == (offer != "plain")


def test_fragments_are_joined(run, served, peer, offer):
    if peer[0] in programs.CANNOT_FRAGMENT:
        pytest.skip(f"{peer[0]} sends each message in one frame")
    sizes = (3, 300, 70_000, LARGEST[offer])
    seen, ended = run(served, "/echo", messages("fragments", sizes))
    assert seen[0] == 1000
    assert ended["messages_in"] == 2 * len(sizes)


def test_our_fragments_are_joined(run, served):
    seen, ended = run(served, "/echo?fragment=1000", messages("echo", (0, 999, 1000, 1001, 70_000)))
    assert seen[0] == 1000
    assert ended["messages_out"] == 10


def test_pings_of_the_client_are_answered(run, served):
    seen, ended = run(served, "/echo", [["ping", None]])
    assert seen[0] == 1000
    assert ended["clean"]


def test_pings_of_the_server_are_answered(run, pinging):
    seen, ended = run(pinging, PINGED, [["wait", None]])
    assert seen[0] == 1000
    assert (ended["code"], ended["by"], ended["clean"]) == (1000, "server", True)
    events = pinging.recorded()[-1]
    pings = [event for event in events if event["event"] == "ping"]
    pongs = [event for event in events if event["event"] == "pong"]
    assert [ping["direction"] for ping in pings] == ["out", "out"]
    assert [(pong["direction"], pong["base64"]) for pong in pongs] == [
        ("in", ping["base64"]) for ping in pings
    ]


@pytest.mark.parametrize(("code", "reason"), CLOSES)
def test_the_client_closes_first(run, served, code, reason):
    seen, ended = run(served, "/echo", [["close", [code, reason]]])
    assert seen[0] == code
    assert (ended["code"], ended["reason"]) == (code, reason)
    assert (ended["by"], ended["clean"]) == ("client", True)


@pytest.mark.parametrize(("code", "reason"), CLOSES)
def test_the_server_closes_first(run, served, code, reason):
    seen, ended = run(served, close_path(code, reason), [["wait", None]])
    assert seen == [code, reason]
    assert (ended["code"], ended["reason"]) == (code, reason)
    assert (ended["by"], ended["clean"]) == ("server", True)
