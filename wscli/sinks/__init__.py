"""The outputs of a session: payloads, JSON, hex dumps, and the views for people at a terminal.

Theory of operation
===================

A sink receives the events of ``session.events`` and writes them to one ``Output``. It only
observes: it never sends, and never changes an event. ``apps.display`` chooses the sinks of a
command, by its options and by whether stdout and stderr are terminals:

* Messages go to stdout: to ``NdjsonSink`` with ``--json`` and ``PayloadSink`` with ``--raw``,
  otherwise to ``HumanSink`` at a terminal, and to ``PayloadSink`` or ``HexSink`` in a pipe.
* Remarks about the connection go to stderr: to ``TalkSink`` with ``-v`` or at a terminal, otherwise
  to ``NoticeSink``, which has only the few that matter to a script as well.
* A recording is written by ``Recorder`` (``recording.py``), in a thread of its own behind a bounded
  queue. ``html.py`` makes a page of one, ``differences.py`` shows how a replay differs from one,
  and ``series.py`` and ``replies.py`` count for ``view --stats``.
* The interactive session draws with the same ``MessageView``, and counts with ``Stats``.

Threads and back-pressure
-------------------------

A sink is called in the thread that drives the connection, a batch at a time, and writes before it
returns. There is no queue in between, except for recordings: while the reader of stdout takes
nothing, nothing is read from the network, and TCP slows the peer down. A signal handler can end a
write that blocks, see ``output.py``.

Text from the peer
------------------

In a pipe it is written byte for byte, since the reader is a program. At a terminal it is untrusted:
``text.visible`` replaces control characters and invisible ones with symbols, so that no peer can
move the cursor, change the title, or hide text. Every sink of ``human`` passes the peer's text
through it before it adds colours of its own.

Why ``human`` is a package of its own
-------------------------------------

Only it imports rich, and only for tables and for the width of characters that are not ASCII. A
command in a pipe loads none of it, except for the small ``palette``.
"""
