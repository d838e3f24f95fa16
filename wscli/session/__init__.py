"""One open connection: its drivers, its events, and the stages and sinks that the events pass.

Theory of operation
===================

The protocol is ``wire.connection.Connection``, which has no socket, thread or clock. A *driver*
gives it these: it moves bytes between a stream and the protocol object, passes on the events, and
calls ``tick`` in time. The decisions of the protocol, such as when a Close is answered and with
which code, are not made here.

States
------

1. *Opening.* ``connect.dial`` runs ``net.connect`` and reports each step. It ends with an open
   stream and the bytes that came behind the server's 101, or it raises.
2. *Open.* The driver owns the stream. Bytes that were read become batches of events.
3. *Closing.* One side has sent Close; the states are those of ``wire.closing``. The peer's Close is
   answered only when every message before it has been taken, so that it can still be replied to.
4. *Ended.* All received bytes are decoded before the end is reported. ``end`` is set once, as the
   last thing; ``end.py`` finds the error that it is, if any.

Two drivers
-----------

``ThreadDriver`` serves the commands and ``wscli.Session``. It blocks in ``poll``, which lets
``pipe`` wait for stdin and the socket in one thread, and needs no asyncio, whose import would make
a short command half as slow again. ``AsyncioDriver`` serves the embedded server and ``wscli.aio``,
where one thread runs a thousand connections. ``tests/session/test_agreement.py`` plays the same
random scripts with both, and compares the ends.

Opening exists once: it blocks in either case, and an asyncio caller runs it in a thread.

Two sessions
------------

``Session`` and ``AsyncSession`` have the same methods with the same errors, one blocking and one as
coroutines. Both keep received messages in an ``Inbox``. A command has no session: it uses a driver
and gets its messages as a sink does, since they are not to be kept.

Threads
-------

* With the thread driver, a caller that waits also drives (``turns.py``), and a daemon thread drives
  between the calls of a ``Session`` (``background.py``). At any moment one thread drives, and only
  that thread touches the socket and calls the sinks. Other threads post, close and interrupt.
* With the asyncio driver, everything runs in the thread of the loop, and nothing is locked.

From events to output
---------------------

The thread driver hands its events to a ``Bus``, usually a ``Pipeline`` of stages in front of sinks
(``pipeline.py``), one batch at a time. A batch has the items of one ``recv`` or one ``send``, and
stays together: with thousands of short messages in one read, a cost per batch is small, while a
cost per message is not. Outgoing batches are decoded from the bytes that have left, and only if a
sink asks for them.

Limits
------

Memory is bounded whatever the peer does. A read is decoded a batch at a time, as it may inflate to
gigabytes; a full inbox stops decoding and reading; stages post nothing while the outbox is full.
Time is bounded too: decoding pauses after some milliseconds, for signals or other connections.
"""
