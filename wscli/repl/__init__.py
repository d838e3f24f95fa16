"""The interactive session: a prompt that sends, and incoming messages above it.

Two threads share the work. The main thread runs the prompt: keys, commands, and all drawing. The
link's thread owns the connection: it connects, reads, writes, runs the sinks, and connects again.
So a slow terminal does not delay the connection, and a slow connection does not delay a key.

They meet in three places, each with its own lock:

- ``DrawQueue`` in ``display``: filled by the link's thread, emptied by the main thread;
- ``Shell.call_soon``: the link's thread, and signal handlers, leave calls for the main thread;
- the outbox of ``ThreadDriver``: filled by the main thread, sent by the link's thread.

A push goes from ``ThreadDriver`` to ``Display`` to ``Terminal``. A typed line goes from
``Terminal`` to ``Shell`` to ``ThreadDriver``; it is displayed once it has been written to the
socket, by the same path as a push. So the order on the screen is the order on the wire.

Owners: ``app`` puts the parts together. ``Shell`` owns the ``Display``, the history, the statistics
and the recorder, and is the only part that commands know. ``Link`` owns the connection and the
state (see the diagram in ``link``). The console owns the terminal.

There are two consoles because there are two kinds of terminal. ``Terminal`` moves the cursor and
draws with prompt_toolkit; ``PlainConsole`` is for TERM=dumb (such as the shell of Emacs), where the
terminal itself echoes and edits each line. ``Shell`` knows them as ``Console``.

There are two kinds of content, too. Messages are skipped, and counted, when the terminal is too
slow for them. Pinned content never is: errors, the opening, the end, and the output of commands.
"""
