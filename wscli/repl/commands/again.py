"""Commands that send again: a message of the session, or all that a recording's client sent."""

from __future__ import annotations

import os
import re

from wscli.apps.load_recording import load_connections
from wscli.apps.playback import make_cues
from wscli.errors import UsageError
from wscli.records.connections import choose_connection
from wscli.repl.commands.table import FILE, NUMBER, CommandShell, command
from wscli.text import visible

_FILE_AND_NUMBER = rf"(.+?)(?:\s+({NUMBER}))?"


@command("resend", "[N]")
def send_again(shell: CommandShell, argument: str) -> None:
    """Send the latest message again, or message N.

    /edit N changes it first.
    """
    journal = shell.display.journal
    word = argument.strip()
    if not word:
        entry = next((each for each in reversed(journal.entries()) if not each.incoming), None)
    elif re.fullmatch(NUMBER, word):
        entry = journal.find(int(word), int(word))[0]
    else:
        raise UsageError(f"{word[:40]!r} is not the number of a message", hint="/resend 17")
    if entry is None:
        raise UsageError("no message has been sent")
    if entry.incoming:
        hint = f"/edit {entry.number} opens it in the editor, to send it"
        raise UsageError(f"message {entry.number} was received", hint=hint)
    shell.session().post(entry.opcode, [entry.payload])


@command("replay", "FILE [N]|off", words=("off", FILE))
def replay_recording(shell: CommandShell, argument: str) -> None:
    """Send the client's messages of a recording or HAR.

    The messages are sent at the recorded pace, until off. Of a recording of
    several connections, N is the one to replay. What comes is not compared:
    wscli replay does that.

    /replay session.jsonl
    """
    match = re.fullmatch(_FILE_AND_NUMBER, argument.strip())
    if match is None:
        raise UsageError("missing file name", hint="/replay FILE")
    session = shell.session()
    if match[0] == "off":
        shell.playback.start(())
    else:
        name = os.path.expanduser(match[1])
        if name == "-":
            raise UsageError("stdin is the terminal here", hint="/replay FILE")
        number = int(match[2]) if match[2] else None
        recorded = choose_connection(load_connections(name, shell.env), number, "/replay FILE N")
        cues = make_cues(recorded.items, "recorded")
        if not cues:
            which = visible(name) if number is None else f"connection {number} of {visible(name)}"
            raise UsageError(f"{which} has no sent messages", hint=f"/open {visible(name)}")
        shell.playback.start(cues, name)
        shell.note(f"replaying {visible(name)}; /replay off stops it")
    session.interrupt()
