"""Typing: lines are sent exactly as typed, whatever arrives meanwhile."""

import re
import threading
import time

import pytest

EDITOR_WITH_CTRL_C = """#!/bin/sh
count=0
trap 'count=$((count + 1)); echo "interrupted $count"' INT
echo editing
while [ $count -lt 2 ]; do read line; done
printf edited > "$1"
"""


def test_a_line_is_sent_as_text_and_the_reply_appears_above_the_prompt(session):
    terminal = session()
    terminal.enter("hello")
    terminal.until(lambda: re.search(r"← .*hello\n>\n● open", terminal.screen))
    sent, came = [line for line in terminal.text.splitlines() if "hello" in line]
    assert re.fullmatch(r"→     1 \d\d:\d\d:\d\d\.\d{3} text        5 B  hello", sent)
    assert re.fullmatch(r"←     2 \d\d:\d\d:\d\d\.\d{3} text        5 B  hello", came)


def test_a_line_typed_during_pushes_stays_whole_and_is_sent_exactly(terminal, websockets_server):
    messages, done = [], threading.Event()

    def push(connection):
        reader = threading.Thread(target=lambda: messages.append(connection.recv()))
        reader.start()
        count = 0
        while not messages:
            for _ in range(20):
                count += 1
                connection.send(f"push {count}")
            time.sleep(0.01)  # this is the rate of the pushes
        reader.join()
        done.wait(20)

    session = terminal("connect", websockets_server(push))
    session.until("push 50")
    line = "The quick brown fox — jumps over the lazy dog"
    for end, character in enumerate(line, 1):
        session.type(character)
        session.until(lambda end=end: f"\n> {line[:end].rstrip()}" in session.screen)
    session.press("enter")
    session.until(lambda: messages)
    done.set()
    assert messages == [line]
    assert not [row for row in session.text.splitlines() if "push" in row and "fox" in row]


def test_a_paste_of_several_lines_is_one_message(collecting):
    session, messages = collecting()
    session.paste("one\ntwo\n\nthree")
    session.until("three")
    assert messages == []
    session.press("enter")
    session.until("got 1")
    assert messages == ["one\ntwo\n\nthree"]


def test_alt_enter_makes_a_new_line(collecting):
    session, messages = collecting()
    session.type("one")
    session.press("alt-enter")
    session.enter("two")
    session.until("got 1")
    assert messages == ["one\ntwo"]


def test_a_paste_of_100_000_characters_arrives_whole(collecting):
    session, messages = collecting()
    text = "".join(f"{number:07} " for number in range(12_500))[:-3] + "END"
    session.paste(text)
    session.until("END")
    session.press("enter")
    session.until("got 1")
    assert messages == [text]


def test_a_text_that_begins_with_a_slash_has_it_doubled(collecting):
    session, messages = collecting()
    session.enter("//etc/hosts")
    session.until("got 1")
    assert messages == ["/etc/hosts"]


def test_an_unknown_command_is_never_sent_and_the_nearest_is_named(collecting):
    session, messages = collecting()
    session.enter("/bimary 0x00")
    session.until("try: /binary; //bimary sends it as a message")
    session.enter("end")
    session.until("got 1")
    assert messages == ["end"]


def test_an_empty_line_sends_nothing(collecting):
    session, messages = collecting()
    session.press("enter")
    session.enter("end")
    session.until("got 1")
    assert messages == ["end"]


def test_ctrl_c_clears_the_line(collecting):
    session, messages = collecting()
    session.type("not this")
    session.until("> not this")
    session.press("ctrl-c")
    session.enter("but this")
    session.until("got 1")
    assert messages == ["but this"]


def test_a_message_that_cannot_be_sent_stays_in_the_prompt(session):
    terminal = session()
    terminal.enter("/close")
    terminal.until("● closed")
    terminal.enter("precious")
    terminal.until("wscli: not connected\ntry: /reconnect\n> precious\n")


def test_inputrc_selects_the_keys_of_vi(collecting, tmp_path):
    inputrc = tmp_path / "inputrc"
    inputrc.write_text("set editing-mode vi\n")
    session, messages = collecting(env={"INPUTRC": str(inputrc)})
    session.type("one two")
    session.until("> one two")
    session.press("escape")
    session.type("bD")
    session.until(lambda: "> one\n" in session.screen)
    session.press("enter")
    session.until("got 1")
    assert messages == ["one "]


def test_the_option_vi_gives_the_keys_of_vi(collecting):
    session, messages = collecting("--vi")
    session.type("hello")
    session.press("escape")
    session.type("0x")
    session.until(lambda: "> ello\n" in session.screen)
    session.press("enter")
    session.until("got 1")
    assert messages == ["ello"]


def test_edit_puts_the_saved_text_into_the_prompt(collecting, tmp_path):
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf "%s\\nsecond line\\n" "$(cat "$1")" > "$1"\n')
    editor.chmod(0o755)
    session, messages = collecting(env={"EDITOR": str(editor)})
    session.enter("/edit first")
    session.until("second line")
    assert messages == []
    session.press("enter")
    session.until("got 1")
    assert messages == ["first\nsecond line"]


@pytest.mark.parametrize(
    ("editor", "complaint"),
    [
        ("no-such-editor", "cannot start the editor 'no-such-editor'"),
        ("false", "the editor 'false' ended with status 1"),
        ("vi '", "No closing quotation"),
        ("rm", "cannot edit the text in a file"),
    ],
)
def test_an_editor_that_fails_is_named_and_the_session_continues(collecting, editor, complaint):
    session, _ = collecting(env={"EDITOR": editor})
    session.enter("/edit")
    session.until(complaint)
    session.enter("still here")
    session.until("got 1")


def test_ctrl_c_in_the_editor_does_not_reach_the_session(collecting, tmp_path):
    editor = tmp_path / "editor"
    editor.write_text(EDITOR_WITH_CTRL_C)
    editor.chmod(0o755)
    session, messages = collecting(env={"EDITOR": str(editor)})
    session.enter("/edit")
    session.until("editing")
    for count in (1, 2):
        session.press("ctrl-c")
        session.until(f"interrupted {count}")
    session.until("> edited")
    session.press("enter")
    session.until("got 1")
    assert messages == ["edited"]
    assert "Ctrl-C again" not in session.text


@pytest.mark.parametrize("options", [[], ["--vi"]], ids=["emacs", "vi"])
def test_ctrl_v_inserts_the_next_key_as_it_is(collecting, options):
    session, messages = collecting(*options)
    session.type("CONNECT")
    for key in ("ctrl-j", "ctrl-@", "ctrl-^", "ctrl-c", "ctrl-m", "tab"):
        session.press("ctrl-v", key)
    session.type("end")
    session.until("^@^^^C^Mend") if False else session.until("end")
    assert "^@^^^C^M" in session.screen
    session.press("enter")
    session.until("got 1")
    assert messages == ["CONNECT\n\0\x1e\x03\r\tend"]
