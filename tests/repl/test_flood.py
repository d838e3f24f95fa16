"""A flood: all messages are counted, as many as possible drawn, and the rest kept for /show."""

import contextlib
import json
import re
import threading

from websockets.exceptions import ConnectionClosed


def test_messages_that_the_terminal_cannot_keep_up_with_are_counted_and_shown_on_demand(
    terminal, websockets_server
):
    count, sent, done = 60_000, threading.Event(), threading.Event()

    def push(connection):
        connection.recv()
        for number in range(1, count + 1):
            connection.send(f"push {number}")
        sent.set()
        done.wait(30)

    session = terminal("connect", "--no-compress", websockets_server(push, compression=None))
    session.until("● open")
    session.enter("go")
    # Nothing is read from the terminal for as long as the pushes come: it does not keep up.
    assert sent.wait(30)
    session.until(f"↓ {count:,} ·")
    session.until(rf"push {count}" + "\n>")
    gap = re.search(r"… ([\d,]+) messages were not drawn: /show (\d+)-(\d+)", session.text)
    drawn = {int(number) for number in re.findall(r"B  push (\d+)$", session.text, re.MULTILINE)}
    missing = sum(
        int(number.replace(",", ""))
        for number in re.findall(r"… ([\d,]+) messages were not drawn", session.text)
    )
    if not re.search(r"→ .* go$", session.text, re.MULTILINE):
        missing -= 1  # the sent messages were not drawn either
    assert len(drawn) + missing == count
    number = int(gap[3])
    assert number - 1 not in drawn
    session.enter(f"/show {number}")
    session.until(lambda: re.search(rf"← +{number} .* push {number - 1}\n", session.text))
    done.set()


def test_all_skipped_messages_can_be_shown_in_full(terminal, serve):
    url = f"{serve().url}/push?n=20000&size=10"
    session = terminal("connect", url)
    session.until("/reconnect connects again")
    assert "* connected to" in session.text  # however much came right behind it
    session.enter("/show 1-20000")
    session.until(lambda: session.text.count("\n← 20000 ") == 2)
    shown = session.text.rpartition("> /show")[2]
    assert re.findall(r"^← *(\d+) ", shown, re.MULTILINE) == [str(n) for n in range(1, 20001)]


def test_the_last_message_above_the_prompt_has_its_payload(terminal, websockets_server):
    def push(connection):
        connection.recv()
        with contextlib.suppress(ConnectionClosed):
            for number in range(1, 20_001):
                connection.send(json.dumps({"seq": number, "name": "x" * 60}))

    session = terminal("connect", "--no-compress", websockets_server(push, compression=None))
    session.until("● open")
    session.enter("go")
    last = []

    def all_has_come():
        rows = session.screen.splitlines()
        if ">" in rows and session.screen.count("← ") > 1:
            last.append(rows[rows.index(">") - 1])
        return "↓ 20,000 ·" in session.screen

    session.until(all_has_come, timeout=60)
    assert {row for row in last if not row.startswith("… ")} == {"  }"}
