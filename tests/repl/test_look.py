"""The screen of a session: untrusted text is escaped, and every kind of terminal works."""

import json
import re

import pytest

from tests.terminal import WSCLI

SEQUENCES = {
    "clear screen": "\x1b[2J",
    "title": "\x1b]0;title\x07",
    "clipboard": "\x1b]52;c;aGVsbG8=\x07",
    "cursor": "\x1b[10A\x1b[5D",
    "C1": "\x9b2J",
    "backspaces": "\b\b\b",
    "bidi": "\u202egnp.exe",
    "carriage return": "\rovertyped",
}


def controls(text):
    return re.findall(r"\x1b\[2J|\x1b\]|\x1b\[10A|\x9b|\x08|\u202e|\rovertyped", text)


@pytest.mark.parametrize("sequence", SEQUENCES.values(), ids=SEQUENCES)
def test_control_characters_from_a_peer_are_shown_as_symbols(terminal, scripted, sequence):
    def script(peer):
        peer.accept("Sec-WebSocket-Protocol: chat")
        peer.text(f"before{sequence}after")
        peer.expect()
        peer.close(4000, f"reason{sequence}end")
        peer.expect_close()
        peer.fin()

    session = terminal("connect", "-s", "chat", scripted(script).url)
    session.until("after")
    session.enter("go")
    session.until("end")
    session.until("● closed")
    assert controls(session.written.decode()) == []
    assert "connected to" in session.screen


def test_binary_that_looks_like_an_escape_sequence_is_a_hex_dump(terminal, websockets_server):
    url = websockets_server(lambda connection: (connection.send(b"\x1b[2J"), connection.recv()))
    session = terminal("connect", url)
    session.until("00000000  1b 5b 32 4a                                       |.[2J|")


def test_json_is_folded_to_the_width(session):
    text = json.dumps({"name": "x" * 30, "list": ["y" * 30, "z" * 30]})
    narrow = session(columns=80)
    narrow.enter(text)
    narrow.until('    "zzz')
    wide = session(columns=200)
    wide.enter(text)
    wide.until(lambda: wide.text.count('{"name": "xxx') == 2)


def test_at_200_columns_a_dump_is_beside_its_meta_data(session):
    terminal = session(columns=200)
    terminal.enter("/binary 0x" + "ab" * 17)
    terminal.until(
        lambda: re.search(r"binary     17 B  00000000  ab .*\n {38}00000010", terminal.text)
    )


def test_colours_are_used_unless_turned_off(session):
    for environment, wanted in (({}, True), ({"NO_COLOR": "1"}, False)):
        terminal = session(env=environment)
        terminal.enter('{"a":1}')
        terminal.until(lambda terminal=terminal: terminal.text.count('{"a": 1}') == 2)
        coloured = re.findall(rb"\x1b\[[0-9;]*38;5;", terminal.written)
        assert bool(coloured) == wanted


def test_a_dumb_terminal_gets_everything_but_escape_sequences(terminal, echo_url):
    session = terminal("connect", echo_url, env={"TERM": "dumb"})
    session.until("connected to")
    session.enter("hello")
    session.until(lambda: re.search(r"← .* hello", session.text))
    session.enter("/help")
    session.until("/quit")
    session.enter("/foo")
    session.until("there is no command /foo")
    session.press("ctrl-d")
    assert session.ended() == 0
    assert b"\x1b" not in session.written
    assert "closed with 1000" in session.text


def test_a_line_cut_by_a_dumb_terminal_is_not_sent(collecting):
    session, messages = collecting(env={"TERM": "dumb"}, until="connected to")
    session.enter("x" * 5000)
    session.until("the line was not sent: the terminal cuts lines at 4,095 bytes")
    session.enter("y" * 4094)
    session.until("got 1")
    assert messages == ["y" * 4094]


def test_a_resize_redraws_and_keeps_the_typed_text(session):
    terminal = session()
    terminal.type("half a ")
    terminal.until("> half a")
    terminal.resize(30, 120)
    terminal.type("line")
    terminal.until("> half a line")
    terminal.press("enter")
    terminal.until(lambda: re.search(r"← .*  half a line", terminal.text))
    terminal.enter("x" * 70)
    terminal.until(lambda: re.search(r"← .*  x{70}", terminal.text))


def test_a_terminal_made_narrower_keeps_no_piece_of_the_old_prompt(session):
    terminal = session()
    terminal.enter("hello")
    terminal.until(lambda: re.search(r"← .* hello", terminal.text))
    terminal.type("0123456789 " * 6)
    terminal.until("56789\n●")
    for letter, columns in (("a", 50), ("b", 30), ("c", 24), ("d", 70), ("e", 40)):
        terminal.resize(24, columns)
        terminal.type(letter)
        terminal.until(lambda letter=letter: re.search(rf"{letter}\n● open", terminal.screen))
        assert terminal.text.count("> 0123456789") == 1
        assert terminal.text.count("● ") == 1
    assert re.search(r"← .* hello", terminal.text.replace("\n", ""))


@pytest.mark.parametrize(
    ("rows", "columns"), [(24, 1), (24, 2), (24, 3), (24, 7), (10, 19), (1, 80), (2, 40), (3, 5)]
)
def test_the_smallest_terminals_work(collecting, rows, columns):
    session, messages = collecting(rows=rows, columns=columns, until=lambda: True)
    session.enter("hello")
    session.until(lambda: messages == ["hello"])
    session.enter('{"a": [1, 2, {"b": "日本語"}]}')
    session.until(lambda: len(messages) == 2)
    session.enter("/nosuch")
    session.paste("line\n" * 50)
    session.press("enter")
    session.until(lambda: len(messages) == 3)
    session.resize(24, 80)
    session.enter("/stats")
    session.until("● open")
    session.until("round trip")
    session.press("ctrl-d")
    assert session.ended() == 0


def test_a_terminal_of_unknown_size_is_laid_out_for_80_by_24(session):
    terminal = session(rows=0, columns=0, screen=(24, 80))
    terminal.enter("hello")
    terminal.until(lambda: re.search(r"← .*  hello", terminal.text))


def test_rows_of_a_long_line_keep_their_indent(session):
    terminal = session()
    terminal.enter("word " * 40)
    terminal.until(lambda: re.search(r"← .*\n( .*\n){3}>", terminal.text))
    shown = re.findall(r"← .*\n((?: .*\n)+)>", terminal.text)[0].splitlines()
    assert "".join(row[2:].ljust(78) for row in shown).split() == ["word"] * 40


def test_an_earlier_line_is_suggested_unless_it_fills_more_than_a_row(session):
    terminal = session()
    terminal.enter("short line")
    terminal.enter("long " * 100)
    terminal.until("↓ 2 ·")
    terminal.type("sh")
    terminal.until("> short line")
    terminal.press("ctrl-c")
    terminal.type("lo")
    terminal.until("> lo")
    assert terminal.screen.splitlines()[-1] == "> lo" or "> lo\n●" in terminal.screen


def test_the_toolbar_shows_state_and_traffic(session, websockets_server):
    def echo(connection):
        for message in connection:
            connection.send(message)

    terminal = session("-s", "chat", url=websockets_server(echo, subprotocols=["chat"]))
    terminal.enter("hello")
    terminal.until(
        lambda: re.search(
            r"● open  127\.0\.0\.1:\d+  chat  deflate  ↑ 1 · 5 B  ↓ 1 · 5 B  rtt –",
            terminal.screen,
        )
    )


def test_at_40_columns_nothing_is_missing_and_words_stay_whole(session):
    narrow = session(columns=40)
    narrow.until(
        lambda: re.search(
            r"● open  \S+  no subprotocol\ndeflate\n↑ 0 · 0 B .* rtt –", narrow.screen
        )
    )
    narrow.until(",\n  after ")
    narrow.until("permessage-deflate;\n  /help")
    narrow.enter("/close")
    narrow.until("normal closure,\n  initiated by wscli, after ")


def test_pings_of_the_peer_are_shown_and_our_pongs_with_v(terminal, scripted):
    def script(peer):
        peer.accept()
        peer.send(b"\x89\x05hello")
        peer.text("pinged")
        peer.wait_for_end()

    quiet = terminal("connect", scripted(script).url)
    quiet.until("pinged")
    assert re.search(r"← +\S+ ping        5 B  hello", quiet.text)
    assert "pong  " not in quiet.text
    verbose = terminal("connect", "-v", scripted(script).url)
    verbose.until(lambda: re.search(r"← +\S+ ping        5 B  hello", verbose.text))
    verbose.until(lambda: re.search(r"→ +\S+ pong        5 B  hello", verbose.text))


def test_the_shared_options_work_as_in_other_commands(session):
    session("-v").until("> GET / HTTP/1.1")
    frames = session("-vv")
    frames.enter("hello")
    frames.until(lambda: re.search(r"> text +fin  rsv 100  mask", frames.text))
    events = session("--json", columns=200)
    events.enter("hello")
    events.until(lambda: events.text.count('"size":5,"text":"hello"}') == 2)
    bare = session("--raw")
    bare.enter("hello")
    bare.until("\nhello\n")
    dump = session("--hex")
    dump.enter("hello")
    dump.until(lambda: dump.text.count("68 65 6c 6c 6f") == 2)
    quiet = session("-q")
    assert "connected to" not in quiet.text


def test_verbose_output_can_go_to_a_file_and_the_rest_is_displayed(terminal, echo_url, tmp_path):
    log = tmp_path / "log"
    command = ["sh", "-c", 'exec "$@" 2> "$0"', str(log), *WSCLI, "connect", "-v", echo_url]
    session = terminal(command=command)
    session.until("connected to")
    session.enter("/nosuch")
    session.until("there is no command /nosuch")
    session.press("ctrl-d")
    assert session.ended() == 0
    assert "closed with 1000" in session.text
    assert "> GET / HTTP/1.1" in log.read_text()
    assert "nosuch" not in log.read_text()


def test_a_session_is_recorded_from_its_first_event(session, tmp_path):
    terminal = session("--record", tmp_path / "file")
    terminal.enter("hello")
    terminal.until(lambda: terminal.text.count("hello") == 2)
    terminal.press("ctrl-d")
    terminal.ended()
    events = [json.loads(line)["event"] for line in (tmp_path / "file").read_text().splitlines()]
    assert events == ["recording", "open", "message", "message", "close"]


def test_the_help_fits_a_terminal_that_was_resized_just_before(terminal, echo_url):
    narrow = terminal("connect", echo_url, columns=40)
    resized = terminal("connect", echo_url, columns=80)
    resized.until("● open")
    resized.resize(24, 40)
    resized.until(lambda: re.search(r"no subprotocol$", resized.screen, re.MULTILINE))
    for session in (narrow, resized):
        session.until("● open")
        session.enter("/help")
        session.until("Ctrl-D     Close the connection and\n           leave.")
    shown = [session.text.rpartition("> /help")[2] for session in (narrow, resized)]
    assert shown[0].partition("\n>")[0] == shown[1].partition("\n>")[0]
