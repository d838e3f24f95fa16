"""A flood: all of it counted, what the terminal can take drawn, the rest there for /show."""

import re
import threading


def test_what_the_terminal_cannot_take_is_counted_said_and_shown_on_demand(
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
        missing -= 1  # what was sent was not drawn either
    assert len(drawn) + missing == count
    number = int(gap[3])
    assert number - 1 not in drawn
    session.enter(f"/show {number}")
    session.until(lambda: re.search(rf"← +{number} .* push {number - 1}\n", session.text))
    done.set()
