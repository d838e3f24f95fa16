"""The WebSocket protocol without I/O: no socket, no clock, no thread, no output.

Theory of operation
===================

Before the upgrade there are two HTTP heads. ``head`` parses them, ``handshake`` checks a server's
response or a client's request, and ``diagnosis`` looks for the cause if the upgrade failed. All
three are plain functions of bytes that have arrived already.

After the upgrade there is one ``Connection`` for each end. Bytes go through it in two directions::

    bytes ─▶ FrameParser ─▶ rules ─▶ Assembler ─▶ events        receive(): a Receiver does this
                                        │
               ClosingHandshake, Keepalive, PingsInFlight       they react to events and to time
                                        │
    bytes ◀───────────────────────── Encoder ◀─ messages        send(), ping(), close()

Two roles, one class
    RFC 6455 treats client and server alike once the connection is open, except in two points: only
    the client masks its frames (§5.1), and the server ends TCP first (§7.1.1). A third is ours:
    only a client looks for an HTTP response in place of frames (``stray``). ``Role`` decides
    these, so that both ends are tested against each other and share their bugs and their fixes.

Parsing is not judging
    The parser accepts any frame, legal or not, and keeps every field that was on the wire: mask
    key, reserved bits, and the form of the length. ``rules`` is a table of all violations. So the
    sinks can show the frame that broke a rule, ``Connection.send_frame`` can send such a frame,
    and a lenient ``Receiver`` can read back our own forgeries.

Closing states
    ``closing.TRANSITIONS`` is the whole state machine. The states are those of RFC 6455 §7, with
    CLOSING split by who has sent a Close. BROKEN and FAILED stand beside CLOSE_RECEIVED and CLOSED
    for a connection that failed because the peer broke a rule.

Time is an argument
    Every method that depends on time takes ``now``, in seconds of a monotonic clock. The driver
    asks ``next_deadline()`` how long it may wait, and calls ``tick(now)`` then. There is no timer,
    so a test can play an hour of keepalive without waiting, and the thread and asyncio drivers run
    the same code.

Batches
    ``Connection.receive`` returns an iterator of lists, not a list: one read of a compressed
    stream can inflate to gigabytes, so a batch is decoded when the driver asks for it. A batch is
    also the unit of work. Short messages with the same first byte come as one ``MessageRun`` and
    one ``Messages``, since handling each on its own takes microseconds, nearly all of which is the
    interpreter's time.

Ownership
    A ``Connection`` belongs to one driver in ``wscli.session``, which moves bytes between it and a
    socket. It has no lock: a driver that is used by several threads holds its own lock around each
    call. Bytes that it has returned from ``data_to_send`` are the driver's, which reports with
    ``bytes_left`` how many the kernel has taken, since the closing timer and the pongs depend on
    whether the peer reads.
"""
