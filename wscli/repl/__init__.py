"""The interactive session: a prompt that sends, and incoming messages above it.

Two threads share the work. The main thread runs the prompt: keys, commands, and all drawing. The
link's thread owns the connection: it connects, reads, writes, runs the sinks, and connects again.
So a slow terminal does not delay the connection, and a slow connection does not delay a key.

They meet in three places, each with its own lock:

- ``DrawQueue`` in ``display``: the link's thread puts in what the main thread draws;
- ``Shell.call_soon``: the link's thread leaves calls for the main thread;
- the outbox of ``ThreadDriver``: the main thread puts in what the link's thread sends.

A push goes from ``ThreadDriver`` to ``Display`` to ``Terminal``. A typed line goes from
``Terminal`` to ``Shell`` to ``ThreadDriver``; once written to the socket, it is displayed as a push
is.
"""
