"""Commands that show the handshake, statistics and earlier messages, and how messages look."""

from __future__ import annotations

import os
import re
import time
from contextlib import closing
from itertools import accumulate

from wscli.apps.options import Existing
from wscli.apps.recording import open_recording
from wscli.errors import UsageError
from wscli.payload.matching import Matcher, PatternTimeout, parse_matcher
from wscli.repl.commands.table import FILE, CommandShell, command
from wscli.session.events import Batch, Opened
from wscli.sinks.human.messages import MAX_SHOWN, NO_LIMIT, Entry
from wscli.sinks.output import Output
from wscli.text import show_size, visible
from wscli.wire.events import Messages

_HISTORY = 20  # lines that /history shows by default

# At most 15 digits: int() refuses more than 4,300 with an error of its own, and no count is longer.
_NUMBERS = r"([0-9]{1,15})(?:-([0-9]{1,15}))?"
_FILE_AND_NUMBER = r"(.+?)(?:\s+([0-9]{1,15}))?"
_COUNT = "[0-9]{1,15}"
_LONGEST_QUOTED = 40  # characters of an argument that an error repeats
_CUTS = {"off": NO_LIMIT, "auto": None}
_MOST_AGAIN = 20  # earlier messages that /filter shows, at most
_SEARCH_FOR = 0.25  # seconds that /filter searches earlier messages, while no key is handled
_EXISTING: dict[str, Existing] = {
    "-f": "replace",
    "--force": "replace",
    "-a": "append",
    "--append": "append",
}


@command("headers")
def show_headers(shell: CommandShell, _argument: str) -> None:
    """Show the upgrade request and response, explained.

    They are those of the latest connection, even if it has ended.
    """
    from wscli.sinks.human.inspection import InspectionSink

    opening = shell.link.opening or shell.session().opening
    view = shell.display.view
    report = InspectionSink(Output(shell.env.stdout), view.palette, view.width)
    report.opened(Opened(opening, shell.env.clock.time(), 0.0))


@command("stats")
def show_stats(shell: CommandShell, _argument: str) -> None:
    """Show counts, overhead, compression, rates and RTT."""
    from wscli.sinks.human.statistics import describe_stats

    rows = describe_stats(shell.stats, shell.env.clock.time())
    shell.say("\n".join(rows))


@command("hex", "on|off", words=("on", "off"))
def switch_hex(shell: CommandShell, argument: str) -> None:
    """Show text messages as hex dumps, too."""
    shell.display.view.as_hex = _switch("hex", argument, shell.display.view.as_hex, shell)


@command("pretty", "on|off", words=("on", "off"))
def switch_pretty(shell: CommandShell, argument: str) -> None:
    """Lay JSON out, or show it as it arrived."""
    shell.display.view.pretty = _switch("pretty", argument, shell.display.view.pretty, shell)


def _switch(name: str, argument: str, now: bool, shell: CommandShell) -> bool:
    word = argument.strip()
    if word not in ("", "on", "off"):
        raise UsageError(
            f"{_shorten(word)!r} is neither on nor off", hint=f"/{name} on or /{name} off"
        )
    wanted = now if not word else word == "on"
    shell.note(f"{name} is {'on' if wanted else 'off'}")
    return wanted


@command("cut", "N|off|auto", words=("off", "auto"))
def cut_messages(shell: CommandShell, argument: str) -> None:
    """Cut messages to N lines; auto is half the screen.

    Applies to messages sent or received from now on. /show N shows message N in
    full.
    """
    word, display = argument.strip(), shell.display
    if word:
        display.cut_at = _read_cut(word)
    shown = {None: "cut to half the screen", NO_LIMIT: "not cut"}
    lines = f"cut to {display.cut_at or 0:,} line{'s' * (display.cut_at != 1)}"
    shell.note(f"messages are {shown.get(display.cut_at, lines)}")


def _read_cut(word: str) -> int | None:
    if word in _CUTS:
        return _CUTS[word]
    if not re.fullmatch(_COUNT, word) or int(word) == 0:
        raise UsageError(
            f"{_shorten(word)!r} is not a number of lines", hint="/cut 40, /cut off or /cut auto"
        )
    return int(word)


@command("filter", "[PATTERN]")
def filter_messages(shell: CommandShell, argument: str) -> None:
    """Show only messages that match; without PATTERN, all.

    PATTERN is a regular expression, or a JSONPath query such as $.data.price or
    $[?@.id == 1]. It applies to messages received from now on, and the latest
    earlier matches are shown again. All messages are counted and kept for /show.
    """
    if not argument:
        shell.display.filter.matcher = None
        shell.note("showing all messages")
        return
    try:
        matcher = parse_matcher(argument)
    except ValueError as error:
        raise UsageError(str(error)) from None
    # Searched first: a pattern that backtracks is refused before it can hold up the connection.
    entries = shell.display.journal.entries()
    found = _matching(matcher, entries)
    shell.display.filter.matcher = matcher
    shell.note(f"showing messages that match {argument}; {_count_found(found, entries)}")
    shell.display.show_again(found)


def _matching(matcher: Matcher, entries: list[Entry]) -> list[Entry]:
    """Return the latest received messages that match, as far as a short search finds them."""
    found: list[Entry] = []
    stop = time.monotonic() + _SEARCH_FOR
    # From the latest backwards: the journal may hold 100,000 messages, too many for the time.
    try:
        for entry in reversed(entries):
            if len(found) == _MOST_AGAIN or time.monotonic() > stop:
                break
            if entry.incoming and matcher.matches(entry.as_message()):
                found.append(entry)
    except PatternTimeout as error:
        raise UsageError(str(error), hint="a simpler pattern") from None
    return found[::-1]


def _count_found(found: list[Entry], entries: list[Entry]) -> str:
    if not any(entry.incoming for entry in entries):
        return "no message has arrived yet"
    if not found:
        return "none of the latest matches"
    return f"the latest {len(found)}:" if len(found) > 1 else "the latest one:"


@command("show", "[N[-M]]")
def show_messages(shell: CommandShell, argument: str) -> None:
    """Show the latest message in full, or numbers N to M."""
    journal = shell.display.journal
    match = re.fullmatch(_NUMBERS, argument.strip() or str(journal.last))
    if match is None:
        raise UsageError(
            f"{_shorten(argument)!r} is not the number of a message",
            hint="/show 17 or /show 17-20",
        )
    first = int(match[1])
    entries = journal.find(first, int(match[2] or first))
    _check_room(entries)
    if entries[0].number != first:
        shell.note(f"messages before {entries[0].number} are no longer kept")
    shell.display.show(entries)


def _shorten(text: str) -> str:
    return text if len(text) <= _LONGEST_QUOTED else f"{text[:_LONGEST_QUOTED]}…"


def _check_room(entries: list[Entry]) -> None:
    """Raise ``UsageError`` for messages that are too large for a terminal."""
    # What /show draws is pinned: the user would have to wait until all of it had been written.
    sizes = [len(entry.payload) for entry in entries]
    if sum(sizes) <= MAX_SHOWN:
        return
    fitting = sum(size <= MAX_SHOWN for size in accumulate(sizes))
    first, last = entries[0].number, entries[-1].number
    which = f"messages {first} to {last} are" if len(entries) > 1 else f"message {first} is"
    # The hint is the part that can be shown, or a file for one that alone is too large.
    raise UsageError(
        f"{which} too large for a terminal",
        f"{show_size(sum(sizes))}, and at most {show_size(MAX_SHOWN)} are shown",
        f"/show {first}-{entries[fitting - 1].number}" if fitting else f"/save FILE {first}",
    )


@command("save", "[-f|-a] FILE [N]", words=(FILE, "--force", "--append"))
def save_messages(shell: CommandShell, argument: str) -> None:
    """Write all messages so far to FILE, or only message N.

    All messages are written as events, one JSON object a line; a single message is
    written byte for byte. Secrets are left out of both if wscli was started with
    --redact. -f replaces a file that is not empty, -a appends to it.

    /save session.jsonl
    /save image.png 17
    """
    # A file name may have spaces, so only a number at the very end is taken for one.
    existing, argument = _take_existing(argument)
    match = re.fullmatch(_FILE_AND_NUMBER, argument)
    if match is None:
        raise UsageError("missing file name", hint="/save FILE, or /save FILE N for one message")
    path, number = os.path.expanduser(match[1]), match[2]
    journal = shell.display.journal
    entries = journal.find(int(number), int(number)) if number else journal.entries()
    entries = shell.without_secrets(entries)
    hint = _existing_hint("save", match[0])
    # The same rules as for --record: messages may have credentials in them.
    with closing(open_recording(path, existing, hint)) as stream:
        output = Output(stream, path)
        if number:
            output.write(entries[0].payload)
        else:
            _write_events(entries, output)
    shell.note(f"wrote {len(entries):,} message{'s' * (len(entries) != 1)} to {visible(path)}")


def _write_events(entries: list[Entry], output: Output) -> None:
    from wscli.sinks.ndjson import NdjsonSink

    sink = NdjsonSink(output)
    for entry in entries:
        messages = [Messages(entry.opcode, [entry.payload])]
        sink.batch(Batch(entry.incoming, entry.time, entry.elapsed, messages))


def _take_existing(argument: str) -> tuple[Existing, str]:
    """Split ``-f`` or ``-a`` off an argument; return the choice and the rest."""
    word, _, rest = argument.strip().partition(" ")
    if word not in _EXISTING:
        return "refuse", argument.strip()
    return _EXISTING[word], rest.strip()


def _existing_hint(name: str, argument: str) -> str:
    return f"/{name} -f {argument} replaces it, /{name} -a {argument} adds to it"


@command("record", "[-f|-a] FILE|off", words=("off", FILE, "--force", "--append"))
def record_events(shell: CommandShell, argument: str) -> None:
    """Record every event from now on to FILE, until off.

    -f replaces a file that is not empty, -a appends to it. Without FILE, shows
    whether and where events are recorded.
    """
    existing, argument = _take_existing(argument)
    path, before = os.path.expanduser(argument), shell.recorder.path
    if path == "off":
        shell.recorder.stop()
    elif path:
        hint = _existing_hint("record", argument)
        shell.recorder.start(path, open_recording(path, existing, hint))
    elif existing != "refuse":
        raise UsageError("missing file name", hint="/record -f FILE")
    into = shell.recorder.path
    ended = [f"recording to {visible(before)} ended"] if path and before else []
    going_on = [f"recording to {visible(into)}"] if into else []
    for remark in [*ended, *going_on] or ["not recording"]:
        shell.note(remark)


@command("history", "[N]")
def show_history(shell: CommandShell, argument: str) -> None:
    """Show the latest N lines entered, 20 by default."""
    word = argument.strip() or str(_HISTORY)
    if not re.fullmatch(_COUNT, word):
        raise UsageError(f"{_shorten(word)!r} is not a number of lines", hint="/history 50")
    lines = shell.history.lines
    for number, line in list(enumerate(lines, 1))[-int(word) :] if int(word) else []:
        shell.say(f"{number:>5}  {visible(line, keep=chr(10)).replace(chr(10), chr(10) + ' ' * 7)}")
