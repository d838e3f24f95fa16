"""``wscli inspect``: both heads byte for byte, and their meaning."""

import json
import re

from tests.program import call


def test_both_heads_are_printed_byte_for_byte(scripted):
    seen = []

    def script(peer):
        peer.read_request()
        seen.append(peer.request.raw)
        seen.append(peer.response_101("X-Dup: 1", "x-dup:2", "Set-Cookie: a=1", "Set-Cookie: b=2"))
        peer.send(seen[1])
        peer.expect_close()
        peer.close()

    server = scripted(script)
    result = call("inspect", server.url)
    server.finish()
    assert result.status == 0
    assert result.out.startswith(seen[0] + seen[1])


def test_each_header_is_explained():
    out = call("inspect", "-s", "chat", "demo:").out.decode()
    sections = out.split("\n\n")
    request, response, connection, timings = sections[-4:]
    assert "the answer must prove that they were read" in request
    assert "correct: base64(SHA-1(key + GUID)) is " in response
    assert "the subprotocol chosen" in response
    assert "subprotocol  chat" in connection
    assert "permessage-deflate: server 32,768-byte window" in connection
    assert "websocket-client" not in connection
    assert [line.split()[0] for line in timings.splitlines()] == [
        "timings",
        "name",
        "tcp",
        "upgrade",
        "total",
    ]


def test_a_wrong_accept_shows_the_right_value(scripted):
    def script(peer):
        peer.read_request()
        peer.send(peer.response_101().replace(b"Accept: ", b"Accept: x"))

    result = call("inspect", scripted(script).url)
    assert result.status == 5
    assert b"wrong: base64(SHA-1(key + GUID)) is " in result.out
    assert "not valid" in result.err


def test_a_refusal_is_shown_with_its_body(scripted):
    refusal = (
        b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n"
        b'{"error":"origin"}'
    )
    result = call("inspect", scripted(lambda peer: peer.refuse(refusal)).url)
    assert result.status == 5
    assert refusal in result.out
    assert b"the type of the body" in result.out
    assert "--origin" in result.err


def test_a_refusal_has_no_python_in_it(scripted):
    refusal = b"HTTP/1.1 403 Forbidden\r\nX-Why: secret\r\nContent-Length: 2\r\n\r\nno"
    result = call("inspect", scripted(lambda peer: peer.refuse(refusal)).url)
    assert b"websocket-client" not in result.out
    assert b"-+-+-" not in result.out
    assert b"plain GET  403 Forbidden" in result.out


def test_a_subprotocol_that_was_not_chosen_is_reported(scripted):
    def script(peer):
        peer.accept()
        peer.expect_close()
        peer.close()

    result = call("inspect", "-s", "chat", scripted(script).url)
    assert result.status == 0
    row = "subprotocol  none: the server chose none of the subprotocols offered (chat); a browser"
    assert row in result.out.decode()


PAGE = """<!DOCTYPE html><html><head><title>Not &amp; Found</title>
<style>body { color: red }</style><script>alert("<p>no</p>")</script></head>
<body><h1>Not &amp; Found</h1><p>The path <b>/x</b>
is&nbsp;not here.</p>{}</body></html>"""


def page_server(scripted, lines=0):
    body = PAGE.replace("{}", "".join(f"<li>line {n}" for n in range(lines))).encode()
    head = b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n"
    return scripted(lambda peer: peer.refuse(head + body)), body


def test_a_refusal_in_html_is_shown_as_its_text(scripted):
    server, body = page_server(scripted)
    result = call("inspect", server.url)
    assert "\n  Not & Found\n  The path /x is not here.\n" in result.err
    assert not re.search("color|alert|<", result.err)
    assert body in result.out  # in a pipe it is not changed


def test_a_long_page_is_cut_and_says_by_how_much(scripted):
    server, body = page_server(scripted, 100)
    err = call("listen", server.url).err
    assert "\n  line 17\n  [82 more lines, " in err
    assert f"[82 more lines, {len(body):,} bytes of HTML in all]" in err
    assert "line 18\n" not in err.split("a plain GET")[0]


def test_at_a_terminal_the_report_has_the_text_of_a_page_too(scripted, terminal):
    server, _ = page_server(scripted)
    screen = terminal("inspect", server.url)
    screen.until("try: ")
    assert "The path /x is not here." in screen.text
    assert "<h1>" not in screen.text


def test_bytes_that_are_not_a_response_are_shown_too(scripted):
    result = call("inspect", scripted(lambda peer: peer.refuse(b"SSH-2.0-x\r\n")).url)
    assert result.status == 5
    assert b"\r\n\r\nSSH-2.0-x\r\n" in result.out


def test_without_a_connection_the_error_is_reported():
    result = call("inspect", "ws://127.0.0.1:1/")
    assert result.status == 3
    assert result.out.startswith(b"timings\n  name ")


def test_each_redirect_is_reported(scripted, echo_url):
    server = scripted(
        lambda peer: peer.refuse(f"HTTP/1.1 302 Found\r\nLocation: {echo_url}/x\r\n\r\n")
    )
    result = call("inspect", "-L", server.url)
    assert result.status == 0
    assert b"the URL to use instead" in result.out
    assert b"HTTP/1.1 302 Found" in result.out
    assert b"HTTP/1.1 101" in result.out


def test_json_writes_the_upgrade_as_events():
    events = [json.loads(line) for line in call("inspect", "--json", "demo:").out.splitlines()]
    assert [event["event"] for event in events] == ["open", "close"]
    assert set(events[0]["timings"]) == {"name", "tcp", "upgrade"}


def test_control_characters_in_a_head_are_symbols_at_a_terminal():
    from wscli.net.opening import Opening, OpeningStep
    from wscli.net.url import parse_url
    from wscli.session.events import Opened, Step
    from wscli.sinks.human.inspection import InspectionSink
    from wscli.sinks.human.palette import Palette
    from wscli.wire.head import parse_response

    written = []

    class Output:
        def write(self, data):
            written.append(data)

    opening = Opening(parse_url("ws://h/"))
    opening.response = parse_response(b"HTTP/1.1 200 \x1b[2J\r\nX: \x9b31m\r\n\r\n")
    opening.body = b"\x1b]0;title\x07"
    sink = InspectionSink(Output(), Palette(colour=False), 80)
    sink.step(Step(OpeningStep.RESPONSE, opening, 0.0, 0.0))
    sink.opened(Opened(opening, 0.0, 0.0))
    text = b"".join(written).decode()
    assert "\x1b" not in text
    assert "\x9b" not in text
    assert "␛[2J" in text
