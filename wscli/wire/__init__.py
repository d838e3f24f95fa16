"""The protocol, without I/O: no socket, no clock, no thread, no output.

``Connection`` is one end of an open connection, for either role. It reads bytes with a
``Receiver`` (``FrameParser``, then the rules, then ``Assembler``) and writes them with an
``Encoder``; ``ClosingHandshake`` and ``Keepalive`` hold its states and deadlines. Time is always an
argument. ``handshake`` and ``head`` deal with the upgrade before that, ``diagnosis`` with one that
failed.
"""
