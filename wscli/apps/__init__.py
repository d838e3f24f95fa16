"""The work of each command, without a command line: ``run(options, env) -> ExitStatus``.

``options`` is a frozen value. ``env`` (see ``env``) holds everything else that a command touches
beside its connection: streams, terminal, environment variables and clock. Nothing here imports
click, so a test, or another program, can run a command in its own process.

**Commands with a session.** ``send``, ``listen``, ``pipe``, ``ping``, ``inspect`` and ``replay``
each describe themselves as a ``SessionCommand``: a function that does the work, a sink for stdout,
stages, and a time limit. ``run.run_session`` takes all of them through the same steps::

    install Interrupts -> open the recording -> start the server of a demo: URL
      -> dial and upgrade -> attach the stages -> work -> Close -> drop the connection
      -> report the error -> exit status

So an error is reported in one place, and a connection is closed whatever ends the command.

**Threads.** The main thread does all of this, signal handlers included. It turns the connection
whenever the work waits (``CommandSession.wait``), and writes to stdout in the same turn, so a
reader that is slow slows the peer down. Names are looked up in a thread of their own, and a
``demo:`` URL has its server in another.

**Two limits.** A wait for the peer and a write to stdout both may block, and are bounded in two
ways. The connection keeps its own deadlines. A blocking write cannot look at a clock: only a signal
handler can end it, so ``interrupts`` raises SIGALRM once a signal or a time limit has passed.

**Two outputs.** stdout gets data alone, from the sink that ``display.data_sink`` chooses; stderr
gets everything about the connection, from ``display.talk_sinks`` and ``report``.

**Others.** ``compare`` follows one feed in four ways, each in a thread of its own; ``serve`` runs
the embedded server's event loop in the main thread; ``view``, ``export`` and ``import_har`` read
recordings and open no connection. The interactive session is in ``wscli.repl``.
"""
