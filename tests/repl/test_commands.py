"""The slash commands, each in a session at a terminal."""

import json
import re

import pytest

from tests.program import wscli
from tests.waiting import wait_until
from wscli.wire.frames import Frame
from wscli.wire.parser import FrameParser


def frames_received(peer, count):
    """Return the first frames that the client sends, as they are on the wire."""
    parser, frames = FrameParser(runs=False), []
    while len(frames) < count:
        data = peer.sock.recv(65536)
        assert data
        frames += parser.feed(data)
    return frames


@pytest.fixture
def forge(terminal, scripted):
    """Return a function that enters lines, and gives the session and the frames that came."""

    def enter(*lines, count=None, options=()):
        frames = []

        def script(peer):
            peer.accept()
            frames.extend(frames_received(peer, count or len(lines)))
            peer.wait_for_end()

        session = terminal("connect", *options, scripted(script).url, columns=110)
        session.until("● open")
        for line in lines:
            session.enter(line)
        session.until(lambda: frames)
        return session, frames

    return enter


def test_text_sends_text_and_alone_an_empty_message(collecting):
    session, messages = collecting()
    session.enter("/text  two spaces ")
    session.enter("/text")
    session.until("got 2")
    assert messages == [" two spaces ", ""]


def test_text_and_binary_send_files(collecting, tmp_path):
    (tmp_path / "a file").write_bytes("ünï\n".encode())
    session, messages = collecting()
    session.enter(f"/text @{tmp_path}/a file")
    session.enter(f"/binary @{tmp_path}/a file")
    session.until("got 2")
    assert messages == ["ünï\n", "ünï\n".encode()]


def test_binary_reads_hex_and_base64(collecting):
    session, messages = collecting()
    session.enter("/binary 0x00 ff10")
    session.enter("/binary b64:AP8Q")
    session.until("got 2")
    assert messages == [b"\x00\xff\x10"] * 2


BAD_ARGUMENTS = [
    ("/binary 0xfg", "'0xfg' cannot be decoded"),
    ("/binary @/no/such/file", "cannot read the message from '/no/such/file'"),
    ("/text @-", "stdin is the terminal here"),
    (r"/text -e \q", r"invalid escape \q at character 1"),
    (r"/text -e \xff", "is not UTF-8, as text must be"),
    ("/json {a: 1}", "not valid JSON"),
    ("/json NaN", "NaN is not a JSON value"),
    ("/ping " + "x" * 126, "a ping has at most 125 bytes"),
    ("/pong " + "x" * 126, "a pong has at most 125 bytes"),
    ("/json @deep", "this JSON is nested too deeply to be checked"),
    ("/close abc", "'abc' is not a close code"),
    ("/close 1006", "'1006' is not a close code that may be sent"),
    ("/close 1005", "0x03ed sends 1005 anyway"),
    ("/close 1000 " + "x" * 124, "a reason has at most 123 bytes"),
    ("/frame --bogus", "/frame has no option --bogus"),
    ("/stats now", "/stats takes no argument"),
    ("/hex maybe", "'maybe' is neither on nor off"),
    ("/filter [", "'[' is not a regular expression"),
    ("/filter " + "(" * 900 + ")" * 900, "the regular expression is too large or nested"),
    ("/filter $[", "'$[' is not a JSONPath query"),
    ("/show first", "'first' is not the number of a message"),
    ("/show " + "9" * 5000, "is not the number of a message"),
    ("/save file " + "9" * 5000, "cannot write file 99"),
    ("/history " + "9" * 5000, "is not a number of lines"),
    ("/cut " + "9" * 5000, "is not a number of lines"),
    ("/cut 0", "'0' is not a number of lines"),
    ("/show 17", "there is no message 17"),
    ("/save", "missing file name"),
    ("/save /no/such/folder/file", "cannot write /no/such/folder/file"),
    ("/record /no/such/folder/file", "cannot write /no/such/folder/file"),
    ("/history all", "'all' is not a number of lines"),
    ("/help nothing", "there is no command /nothing"),
    ("/ hello", "there is no command /"),
]


def test_bad_arguments_are_explained_and_nothing_is_sent(collecting, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deep").write_text("[" * 100_000 + "]" * 100_000)
    session, messages = collecting()
    for line, complaint in BAD_ARGUMENTS:
        session.paste(line)  # which is much quicker than 5,000 keys
        session.press("enter")
        session.until(complaint)
    session.enter("end")
    session.until("got 1")
    assert messages == ["end"]


def test_json_is_sent_without_white_space_and_otherwise_as_written(collecting):
    session, messages = collecting()
    session.paste('/json {"a" : 1.0e5,\n  "b": [ true , "x  y" ],\n "a": null}')
    session.press("enter")
    session.until("got 1")
    assert messages == ['{"a":1.0e5,"b":[true,"x  y"],"a":null}']


def test_text_and_binary_replace_escapes_with_e(collecting):
    session, messages = collecting()
    session.enter(r"/text -e CONNECT\n\n\0")
    session.enter(r"/text -e \u00e9\x1e\\")
    session.enter(r"/binary -e \0\xff")
    session.enter(r"/text \0")
    session.enter("/text -e")
    session.until("got 5")
    assert messages == ["CONNECT\n\n\0", "é\x1e\\", b"\0\xff", r"\0", ""]


def test_escapes_and_a_terminator_are_for_every_typed_line(collecting):
    session, messages = collecting("--escapes", "--end", r"\x1e")
    session.enter(r"\u00e9\t@")
    session.enter("@not a file")
    session.enter('/json {"a": 1}')
    session.until("got 3")
    assert messages == ["é\t@\x1e", "@not a file\x1e", '{"a":1}\x1e']


def test_answers_and_repeated_messages_are_shown_as_any_that_is_sent(terminal, scripted):
    received = []

    def script(peer):
        peer.accept()
        peer.text("2probe")
        while len(received) < 3:
            received.extend(peer.expect().payloads)
        peer.text("done")
        peer.wait_for_end()

    options = ["--answer", "^2(.*)$=3probe", "--every", "200ms", "beat"]
    session = terminal("connect", *options, scripted(script).url)
    session.until("  done")
    assert received == [b"3probe", b"beat", b"beat"]
    assert re.search(r"← .*  2probe\n→ .*  3probe\n→ .*  beat\n→ .*  beat\n", session.text)


def test_an_answer_works_again_after_reconnecting(terminal, scripted):
    def script(peer):
        peer.accept()
        peer.text("2")
        assert peer.expect().payloads == [b"3"]
        peer.reset()

    def last(peer):
        peer.accept()
        peer.text("2")
        assert peer.expect().payloads == [b"3"]
        peer.text("done")
        peer.wait_for_end()

    server = scripted(script, last)
    session = terminal("connect", "--reconnect", "--answer", "^2$=3", server.url)
    session.until("  done")


def test_a_pattern_of_an_answer_that_takes_too_long_is_reported(terminal, scripted):
    def script(peer):
        peer.accept()
        peer.text("a" * 60 + "!")
        peer.text("2")
        assert peer.expect().payloads == [b"3"]
        peer.wait_for_end()

    options = ["--answer", "^(a|aa)+$=never", "--answer", "^2$=3"]
    session = terminal("connect", *options, scripted(script).url)
    session.until("backtracks for too long")
    session.until(lambda: re.search(r"→ .*  3\n", session.text))


def test_ping_shows_the_round_trip(session):
    terminal = session()
    terminal.enter("/ping hello")
    terminal.until(lambda: re.search(r"→ +\S+ ping        5 B  hello", terminal.text))
    terminal.until(lambda: re.search(r"← +\S+ pong        5 B  \d+\.\d\d ms  hello", terminal.text))
    terminal.until(lambda: re.search(r"rtt \d+\.\d\d ms", terminal.screen))


def test_pong_sends_an_unsolicited_pong(forge):
    session, [frame] = forge("/pong hello")
    assert (frame.opcode, frame.payload) == (0xA, b"hello")
    session.until("pong        5 B  hello")


def test_close_sends_code_and_reason(forge):
    _, [frame] = forge("/close 4001 try again")
    assert (frame.opcode, frame.payload) == (8, b"\x0f\xa1try again")


def test_frame_sends_a_violation_and_shows_it_as_sent(forge):
    session, [frame] = forge('/frame --opcode 0x3 --rsv 1 --no-fin --no-mask "text"')
    assert frame == Frame(3, b"text", fin=False, rsv=4)
    session.until("reserved-0x3  ---  rsv 100  no mask  length 4 (7 bits)")
    session.until("RFC 6455 §5.2: we set a reserved bit that no negotiated extension uses")


def test_frame_takes_a_mask_key_and_a_width_of_the_length(forge):
    _, [frame] = forge("/frame --mask-key 01020304 --length-bits 64 --opcode binary 0x00ff")
    assert frame == Frame(2, b"\x00\xff", mask_key=b"\1\2\3\4", length_form=64)


def test_frame_sends_fragments_one_by_one_with_a_ping_between(forge):
    session, frames = forge(
        '/frame --no-fin "in two "',
        "/frame --opcode ping --no-mask between",
        "/frame --opcode continuation fragments",
    )
    assert [(frame.opcode, frame.fin, frame.payload) for frame in frames] == [
        (1, False, b"in two "),
        (9, True, b"between"),
        (0, True, b"fragments"),
    ]
    session.until("text       16 B  in two fragments")


def test_frame_sends_a_close_frame_and_frames_after_it(forge):
    options = ["--close-timeout", "300ms"]
    session, frames = forge("/frame --opcode close 0x03e8", '/frame "late"', options=options)
    assert [frame.opcode for frame in frames] == [8, 1]
    session.until("● closing")
    session.enter("/quit")
    assert session.ended() == 8
    assert "the peer did not answer Close within 0.3 s" in session.text
    assert re.search("frame +8 B\\s+close +fin .* 1000 normal closure", session.text)


def test_headers_shows_both_heads_and_explains_them(session):
    terminal = session(rows=60, columns=120)
    terminal.enter("/headers")
    terminal.until("correct: base64(SHA-1(key + GUID))")
    assert "GET / HTTP/1.1" in terminal.text
    assert "HTTP/1.1 101 Switching Protocols" in terminal.text


def test_headers_shows_those_of_a_connection_that_has_ended(session):
    terminal = session(rows=60, columns=120)
    terminal.enter("/close")
    terminal.until("● closed")
    terminal.enter("/headers")
    terminal.until("correct: base64(SHA-1(key + GUID))")


def test_stats_counts_both_ways(session):
    terminal = session("--no-compress", rows=40)
    terminal.enter("hello")
    terminal.enter("/ping")
    terminal.until("pong")
    terminal.enter("/stats")
    terminal.until("time open")
    table = re.sub(" {2,}", "  ", terminal.text)
    assert "messages  1  1" in table
    assert "frames  2 (1 control)  2 (1 control)" in table
    assert "frame headers  12 B (133.3%)  4 B (44.4%)" in table
    assert "of 1 ping" in table


def test_hex_shows_text_as_a_dump(session):
    terminal = session()
    terminal.enter("/hex on")
    terminal.enter("hi")
    terminal.until("00000000  68 69")
    terminal.enter("/hex off")
    terminal.enter("plain again")
    terminal.until(lambda: terminal.text.count("11 B  plain again") == 2)


def test_pretty_can_be_turned_off(session):
    terminal = session()
    terminal.enter("/pretty off")
    terminal.enter('{"a":1,"b":2}')
    terminal.until('13 B  {"a":1,"b":2}')
    terminal.enter("/pretty on")
    terminal.enter('{"c":1,"d":2}')
    terminal.until('13 B  {"c": 1, "d": 2}')


def test_filter_hides_messages_that_do_not_match_and_show_still_has_them(session):
    terminal = session()
    terminal.enter("/filter tra.e")
    terminal.enter("a quote")
    terminal.until("↓ 1 ·")
    terminal.enter("a trade")
    terminal.until(lambda: re.search(r"← +4 .* a trade", terminal.text))
    assert "←     2" not in terminal.text
    terminal.enter("/show 2")
    terminal.until(lambda: re.search(r"← +2 .* a quote", terminal.text))
    terminal.enter("/filter")
    terminal.enter("all again")
    terminal.until(lambda: re.search(r"← +6 .* all again", terminal.text))


def test_filter_shows_the_latest_earlier_matches(terminal, scripted):
    def script(peer):
        peer.accept()
        for number in range(1, 101):
            peer.text(json.dumps({"id": number, "even": number % 2 == 0}))
        peer.wait_for_end()

    session = terminal("connect", scripted(script).url, rows=60)
    session.until("↓ 100 ·")
    session.enter("/filter $[?@.even == true && @.id > 90]")
    session.until("the latest 5:")
    session.until(lambda: session.text.count('{"id": 100, "even": true}') == 2)
    shown = session.text.partition("the latest 5:")[2]
    assert re.findall(r'"id": (\d+)', shown) == ["92", "94", "96", "98", "100"]
    session.enter("/filter nothing like this")
    session.until("none of the latest matches")


def test_filter_refuses_a_pattern_that_takes_too_long(session):
    terminal = session()
    terminal.enter("a" * 40 + "!")
    terminal.until("↓ 1 ·")
    terminal.enter("/filter ^(a|aa)+$")
    terminal.until("backtracks for too long")
    terminal.enter("still all")
    terminal.until(lambda: re.search(r"← .* still all", terminal.text))


def _last_line(terminal):
    """Return the number of the last line of the last message that came, once it is complete."""
    shown, prompt, _ = terminal.text.rpartition("\n← ")[2].partition("\n>")
    found = re.findall(r"^  line (\d+)$", shown, re.MULTILINE)
    return int(found[-1]) if found and prompt else None


def test_cut_shows_the_current_limit(session):
    terminal = session(rows=30)
    text = "\n".join(f"line {number}" for number in range(1, 101))
    for command, remark, last in (
        ("/cut", "messages are cut to half the screen", 15),
        ("/cut 3", "messages are cut to 3 lines", 3),
        ("/cut off", "messages are not cut", 100),
        ("/cut auto", "messages are cut to half the screen", 15),
    ):
        terminal.enter(command)
        terminal.until(remark)
        before = terminal.text.count("← ")
        terminal.paste(text)
        terminal.press("enter")
        terminal.until(lambda before=before: terminal.text.count("← ") == before + 1)
        terminal.until(lambda last=last: _last_line(terminal) == last)


def test_max_lines_cuts_from_the_start(session):
    for options, last in ((["--max-lines", "2"], 2), (["--max-lines", "off"], 100)):
        terminal = session(*options)
        terminal.paste("\n".join(f"line {number}" for number in range(1, 101)))
        terminal.press("enter")
        terminal.until(lambda terminal=terminal, last=last: _last_line(terminal) == last)


def test_a_long_string_in_json_is_abridged_and_show_has_it_in_full(session):
    terminal = session(columns=60)
    terminal.paste(json.dumps({"id": 1, "png": "iVBORw0" * 1000}))
    terminal.press("enter")
    terminal.until(lambda: terminal.text.count('…" (6.8 KiB)') == 2)
    assert len(terminal.text.splitlines()) < 24
    terminal.enter("/show 2")
    terminal.until(lambda: terminal.text.rpartition("/show 2")[2].count("\n") > 100)


def test_a_long_message_is_cut_and_show_has_it_in_full(session):
    terminal = session()
    text = "\n".join(f"line {number}" for number in range(1, 101))
    terminal.paste(text)
    terminal.press("enter")
    terminal.until("… /show 2 shows all 791 B")
    assert "line 13" not in terminal.text.partition("←")[2]
    terminal.enter("/show 2")
    terminal.until("line 100\n>")
    shown = terminal.text.rpartition("> /show")[2]
    assert [line.strip() for line in shown.splitlines() if "line" in line] == text.split("\n")


def test_a_message_too_large_to_show_can_be_saved(session, tmp_path):
    (tmp_path / "large").write_bytes(bytes(2 << 20))
    terminal = session()
    terminal.enter(f"/binary @{tmp_path}/large")
    terminal.until("… /save FILE 2 writes all 2.0 MiB")
    terminal.enter("/show 2")
    terminal.until("message 2 is too large for a terminal")
    terminal.enter(f"/save {tmp_path}/saved 2")
    terminal.until("wrote 1 message")
    assert (tmp_path / "saved").read_bytes() == bytes(2 << 20)


def test_show_alone_shows_the_latest_and_takes_a_range(session):
    terminal = session()
    for line in ("one", "two"):
        terminal.enter(line)
        terminal.until(lambda line=line: terminal.text.count(f"  {line}") == 2)
    terminal.enter("/show")
    terminal.until(lambda: terminal.text.count("  two") == 3)
    terminal.enter("/show 1-3")
    terminal.until(lambda: terminal.text.count("  one") == 4 and terminal.text.count("  two") == 4)


def test_save_writes_all_messages_as_events_and_a_single_one_unchanged(session, tmp_path):
    terminal = session()
    terminal.enter("hello")
    terminal.until("← ")
    terminal.enter("/binary 0x0a00ff")
    terminal.until("←     4")
    terminal.enter(f"/save {tmp_path}/all.jsonl")
    terminal.until("wrote 4 messages")
    terminal.enter(f"/save {tmp_path}/one 4")
    terminal.until("wrote 1 message to")
    events = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    assert [(event["direction"], event["opcode"]) for event in events] == [
        ("out", "text"),
        ("in", "text"),
        ("out", "binary"),
        ("in", "binary"),
    ]
    assert (tmp_path / "one").read_bytes() == b"\x0a\x00\xff"


def test_save_leaves_out_what_redact_leaves_out_of_a_recording(session, tmp_path):
    terminal = session("--redact=pw=(.*)", "--bearer", "token-of-the-head")
    for line in ("pw=verysecret", "token-of-the-head"):
        terminal.enter(line)
        terminal.until(lambda line=line: terminal.text.count(line) == 2)
    terminal.enter(f"/save {tmp_path}/all.jsonl")
    terminal.until("wrote 4 messages")
    terminal.enter(f"/save {tmp_path}/one 1")
    terminal.until("wrote 1 message to")
    events = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    assert [event["text"] for event in events] == ["pw=REDACTED"] * 2 + ["REDACTED"] * 2
    assert (tmp_path / "one").read_bytes() == b"pw=REDACTED"


def test_record_writes_events_until_off(session, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a longer name would be wrapped
    terminal = session()
    for line in ("before", "/record file", "during", "/record off", "late"):
        terminal.enter(line)
        terminal.until(lambda line=line: line.startswith("/") or terminal.text.count(line) == 2)
    terminal.until("file ended")
    header, *events = map(json.loads, (tmp_path / "file").read_text().splitlines())
    assert (header["event"], header["v"]) == ("recording", 1)
    assert [event["event"] for event in events] == ["open", "message", "message"]
    assert {event["connection"] for event in events} == {1}
    assert {event["text"] for event in events[1:]} == {"during"}


def test_the_recording_that_a_command_ends_is_named(session, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    terminal = session("--record", "first")
    terminal.enter("/record second")
    terminal.until("* recording to first ended\n* recording to second\n")
    terminal.enter("/record off")
    terminal.until("* recording to second ended\n")
    assert "not recording" not in terminal.text
    terminal.enter("/record off")
    terminal.until("* not recording\n")


def test_open_shows_a_recording_without_numbers(session, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    terminal = session()
    for line in ("/record file", "first", '{"second": [1, 2]}', "/record off"):
        terminal.enter(line)
        terminal.until(lambda line=line: line.startswith("/") or terminal.text.count(line) == 2)
    terminal.until("file ended")
    terminal.enter("/open file")
    terminal.until("── end of file ─")
    shown = terminal.text.partition("── file ─")[2].splitlines()
    assert shown[1].startswith("* connected to ws://")
    assert [re.sub(r"\d\d:\d\d:\d\d\.\d{3}", "TIME", line) for line in shown[2:6]] == [
        "→ TIME text        5 B  first",
        "← TIME text        5 B  first",
        '→ TIME text       18 B  {"second": [1, 2]}',
        '← TIME text       18 B  {"second": [1, 2]}',
    ]
    terminal.enter("third")
    terminal.until(lambda: terminal.text.count("third") == 2)
    assert re.search(r"→ +5 \S+ text +5 B  third", terminal.text)


def test_open_shows_the_beginning_of_a_long_recording(session, tmp_path):
    wscli("listen", "-q", "--record", tmp_path / "long", "demo:/push?n=2000&size=10")
    terminal = session()
    terminal.enter(f"/open {tmp_path}/long")
    terminal.until("* these are the first 500 messages; wscli view shows all")
    assert "  500 ......\n" in terminal.text
    assert "  501 ......" not in terminal.text


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("/open", "missing file name"),
        ("/open -", "stdin is the terminal here"),
        ("/open /no/such/file", "cannot read /no/such/file"),
        ("/open /etc/hostname", "/etc/hostname is neither a recording nor a HAR file"),
    ],
)
def test_a_file_that_cannot_be_opened_is_an_error_and_the_session_goes_on(session, line, error):
    terminal = session()
    terminal.enter(line)
    terminal.until(f"wscli: {error}")
    terminal.enter("hello")
    terminal.until(lambda: terminal.text.count("hello") == 2)


def test_a_recording_that_cannot_be_written_ends_with_an_error(session):
    terminal = session()
    terminal.enter("/record /dev/full")
    terminal.until("cannot write the recording /dev/full")
    terminal.enter("/record")
    terminal.until("* not recording")
    terminal.enter("hello")
    terminal.until(lambda: terminal.text.count("hello") == 2)


@pytest.mark.parametrize("name", ["save", "record"])
def test_a_file_that_is_not_empty_is_replaced_only_with_f(session, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "file"
    path.write_text("precious\n")
    terminal = session()
    terminal.enter(f"/{name} file")
    terminal.until("file is not empty")
    terminal.until(f"try: /{name} -f file replaces it, /{name} -a file adds to it")
    assert path.read_text() == "precious\n"
    terminal.enter(f"/{name} -a file")
    terminal.until("to file\n" if name == "save" else "recording to file")
    terminal.enter("hello")
    terminal.until(lambda: terminal.text.count("hello") == 2)
    assert path.read_text().startswith("precious\n")
    terminal.enter(f"/{name} --force file")
    wait_until(lambda: path.read_text().startswith('{"event"'))
    assert path.stat().st_mode & 0o777 == 0o600


def test_help_lists_the_commands_and_explains_one(session):
    terminal = session(rows=50)
    terminal.enter("/help")
    terminal.until("/quit ")
    terminal.enter("/help frame")
    terminal.until("--mask-key HEX")


def test_quit_closes_with_1000_and_leaves(session):
    terminal = session()
    terminal.enter("/quit")
    assert terminal.ended() == 0
    assert "closed with 1000 normal closure, initiated by wscli" in terminal.text
