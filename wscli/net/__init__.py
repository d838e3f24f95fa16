"""Connections: from a URL to an upgraded stream, and the pump that moves its bytes.

Theory of operation
===================

An attempt to connect is a straight line of blocking steps in one thread::

    parse_url ─▶ choose a proxy ─▶ name ─▶ TCP ─▶ proxy ─▶ TLS ─▶ upgrade ─▶ Connected
      url          proxy              └──────── dial ──────┘      upgrade
                                                │                    │
                                             Stream  ◀── Tap ────────┘

``open_connection`` (``connect``) runs it, and again for each redirect. ``Opening`` is the record of
one attempt, filled in step by step, so that a failure can be shown with everything that led to it.

The deadline
    One ``Deadline`` covers all steps and all redirects. It is passed down and not turned into
    socket timeouts: a timeout per read lets a peer that sends a byte a minute hold a client for
    ever. So every wait, usually a poll of a non-blocking socket, lasts at most for the time that is
    left, and reads check the deadline even if the peer never makes them wait. Two steps have
    shorter limits of their own, since they only add evidence to an error: the body of a refusal,
    and the probe. Only a look-up cannot be interrupted. It runs in a thread that is abandoned at
    the deadline.

Stream and Transport
    A ``Stream`` is a non-blocking socket with a ``Transport``, which turns bytes of the socket into
    bytes of the protocol: as they are, or through TLS. A transport does no I/O, so TLS works the
    same way under a thread, under an event loop and inside the TLS of a proxy, and a connection can
    be handed from a thread to an event loop.

The tap
    websocket-client performs the upgrade. But it does not keep the bytes, and is lenient where a
    debugging tool has to be strict. So it is given a ``Tap`` in place of a socket, which keeps
    every byte of both heads, edits the request on its way out, and ends exactly at the end of the
    response's head. The response is then judged by ``wire.handshake``; websocket-client's opinion
    is only shown. The heads of proxies and of the probe are read through a tap too.

Who owns the socket
    One thread at a time: the caller of ``open_connection`` during the attempt; afterwards whichever
    thread runs the ``Pump``, which reads and writes. Two threads on one TLS socket kill the
    connection. Other threads put their bytes in the pump's outbox and wake it. On an event loop
    there is no pump: ``session.asyncio_client`` takes over the socket and the transport.

Errors
    The modules raise errors with a ``kind`` and facts (``wscli.kinds``). ``refusal`` and ``probe``
    look for the cause of a failed upgrade; they are loaded only after one, since they take 3 ms.
"""
