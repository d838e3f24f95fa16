"""The page of a recording in a real browser: the opening and the end of each connection."""

import json
from itertools import pairwise

import pytest

from tests.browser import find_chromium
from tests.page_events import (
    START,
    closed,
    message,
    of_connection,
    opened,
    opening,
)
from tests.streams import items
from wscli.net.opening import OpeningStep
from wscli.session.events import Failed, Step
from wscli.wire.closing import Side
from wscli.wire.codes import Role
from wscli.wire.frames import Frame
from wscli.wire.head import parse_response
from wscli.wire.receiver import Receiver

pytestmark = pytest.mark.skipif(find_chromium() is None, reason="there is no Chromium here")


def test_the_opening_is_explained(show):
    page = show(opened(), message("x"), closed())
    page.click("#tab-connection")
    heads = page.tab.run(
        """[...document.querySelectorAll(".head")]
            .map((head) => [...head.children].map((cell) => cell.textContent))"""
    )
    request, response = (dict(zip(head[::2], head[1::2], strict=True)) for head in heads)
    assert list(request) == [line.decode() for line in opening().request.raw.split(b"\r\n")[:-2]]
    assert request["Upgrade: websocket"] == "asks to switch this connection to another protocol"
    assert request["X-Trace: <b>1</b>"] == ""
    assert next(iter(response)) == "HTTP/1.1 101 Switching Protocols"
    assert response["Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="].startswith("correct: ")


def facts_of(page, title):
    """Return the facts in a section of the connection's view."""
    cells = page.tab.run(
        f"""[...document.querySelectorAll("#view-connection section")]
            .filter((each) => each.querySelector("h3").textContent === {json.dumps(title)})
            .flatMap((each) => [...each.querySelectorAll("dt, dd")])
            .map((cell) => cell.textContent)"""
    )
    return dict(zip(cells[::2], cells[1::2], strict=True))


def test_address_and_tls_and_agreement_are_shown(show):
    page = show(opened(), closed())
    page.click("#tab-connection")
    facts = facts_of(page, "Connection")
    assert facts["address"] == "192.0.2.1:443"
    assert facts["looked up"] == "example.com: 192.0.2.1, 2001:db8::1"
    assert facts["TLS"] == "TLSv1.3, TLS_AES_256_GCM_SHA384"
    assert facts["days left"] == "90"
    assert facts["compression"] == "none"


def test_the_phases_of_the_opening_follow_one_another(show):
    page = show(opened(), closed())
    assert page.text("#opening-took") == "52.7 ms"
    phases = page.tab.run(
        """[...document.querySelectorAll("#phases li")].map((phase) => {
            const { left, right } = phase.querySelector(".bar").getBoundingClientRect();
            return [phase.children[0].textContent, phase.children[2].textContent, left, right];
        })"""
    )
    assert [phase[:2] for phase in phases] == [
        ["name", "3.1 ms"],
        ["tcp", "12.0 ms"],
        ["tls", "24.5 ms"],
        ["upgrade", "13.1 ms"],
    ]
    for (*_, right), (_, _, left, _) in pairwise(phases):
        assert abs(right - left) < 1


def test_the_end_is_explained(show):
    page = show(opened(), message("x"), closed(code=1011, reason="no \x1b more"))
    sentence = 'closed with 1011 internal error: "no ␛ more", initiated by the peer, after 10.0 s'
    assert page.text("#ending") == sentence
    page.click("#tab-connection")
    assert facts_of(page, "End") == {
        "code": "1011 internal error",
        "reason": "no ␛ more",
        "initiated by": "peer",
        "handshake": "both sides sent a Close frame",
    }


def test_a_broken_rule_and_the_advice_are_shown(show):
    receiver = Receiver(Role.CLIENT, frames=True)
    violation = items(receiver, Frame(1, b"x", mask_key=b"abcd").to_bytes())[-1]
    end = closed(code=1002, violation=violation)._replace(began=Side.LOCAL, sent=1002)
    error = Failed(
        7, "the peer masked a frame", "the evidence\n", "tell its author", START + 10, 10.0
    )
    page = show(opened(), end, error)
    facts = facts_of(page, "End")
    assert facts["rule broken"] == f"the peer {violation.rule.sentence} ({violation.rule.section})"
    assert facts["error"] == "the peer masked a frame"
    assert (facts["evidence"], facts["try"], facts["exit status"]) == (
        "the evidence",
        "tell its author",
        "7",
    )


def refused():
    """Return the error of a refused upgrade, with its opening."""
    record = opening()
    record.response = parse_response(b"HTTP/1.1 403 Forbidden\r\nServer: nginx\r\n\r\n")
    record.agreement, record.body = None, b"go away"
    return Failed(
        5,
        "the server answered 403 Forbidden instead of 101",
        "",
        "--bearer TOKEN",
        START + 0.1,
        0.1,
        record,
    )


def test_an_attempt_that_failed_shows_its_connection_at_once(show):
    page = show(refused())
    assert page.is_shown("#view-connection")
    assert page.text("#ending") == "the server answered 403 Forbidden instead of 101"
    assert page.text(".body") == "go away"
    assert facts_of(page, "End")["try"] == "--bearer TOKEN"
    assert page.connections[0][2] == "403"


def test_the_heads_of_a_redirect_are_shown_too(show):
    first = opening()
    first.response = parse_response(b"HTTP/1.1 302 Found\r\nLocation: /new\r\n\r\n")
    second = opening()
    second.response = None
    steps = [
        Step(OpeningStep.RESPONSE, first, START, 0.02),
        Step(OpeningStep.REQUEST, second, START, 0.03),
    ]
    page = show(*steps, opened(), closed())
    page.click("#tab-connection")
    titles = page.tab.run(
        "[...document.querySelectorAll('.heads h3')].map((title) => title.textContent)"
    )
    assert titles == ["Redirected attempt 1", "Request", "Response", "Request", "Response"]
    assert "302 Found" in page.text(".heads")


def several():
    """Return the events of three connections: two with messages, one refused."""
    later = START + 20
    return [
        *of_connection(1, opened(), message("one"), closed()),
        *of_connection(2, refused()._replace(time=START + 15.1)),
        *of_connection(3, opened(later), message("three", start=later), closed(start=later)),
    ]


def test_several_connections_are_listed_and_all_are_shown(show_recorded):
    page = show_recorded(several())
    assert [row[1] for row in page.connections] == [
        "all 3 connections",
        *["wss://example.com/feed?x=1"] * 3,
    ]
    assert [row[7] for row in page.connections[1:]] == [
        "1000 normal closure",
        "not established",
        "1000 normal closure",
    ]
    assert page.count == "2 shown"
    assert [row[1] for row in page.rows] == ["1.000", "21.000"]
    assert not page.is_shown("#tab-connection")


def test_a_connection_is_chosen(show_recorded):
    page = show_recorded(several())
    page.click("#connections .row:nth-child(4)")
    assert [row[1:] for row in page.rows] == [["1.000", "↓", "text", "5 B", "three"]]
    page.tab.run("document.querySelector('#connections').focus()")
    page.press("ArrowUp")
    assert page.text("#ending") == "the server answered 403 Forbidden instead of 101"
    page.press("Home")
    assert page.count == "2 shown"
