"""The embedded server: asyncio, with the same protocol object as the client.

Theory of operation
===================

It is a test server: correct where nobody asks for a fault, wrong in exactly one way where somebody
does, and safe to run on a developer's machine while a browser visits any web page.

From a connection to an endpoint
--------------------------------

::

    asyncio ──▶ ServerConnection ──▶ gate, admission ──▶ routes ──▶ Endpoint
                 │ an AsyncioStream        (requests)                  ▲ │
                 │                                            messages │ ▼ send, push, close
                 └──▶ AsyncioDriver ──▶ wire.Connection  ──▶ Channel ──┘

1. *Request.* ``ServerConnection`` collects bytes until a head is complete. ``gate`` checks its form
   and size, ``admission`` the name in Host and the page in Origin, and ``routes`` finds the path in
   ``route_table``. A plain request gets an ``HttpResponse``, after which another may follow.
2. *Upgrade.* The route makes an ``Endpoint``, the behaviour of this one connection. A ``Channel``
   joins it to an ``AsyncioDriver``, which runs the protocol. From then on the connection passes on
   bytes and does no HTTP.
3. *Messages.* The driver gives batches to the channel, and the channel gives messages to the
   endpoint. The endpoint sends through the channel. An endpoint never sees a frame, except to forge
   one (``endpoints/faults.py``).
4. *The end.* When TCP has ended, ``lost`` cleans up from the stream to the endpoint, and the
   ``AccessRecord`` of the connection goes to the ``Watcher``, which writes the log.

With ``--script`` or ``--replay`` every path has the same endpoint: ``Scripted`` asks the rules of
``script.py``, and ``Replayed`` plays the turns of a recorded connection (``replay.py``).

Threads
-------

Everything runs in the thread of one event loop: the main thread for ``wscli serve``
(``foreground.py``), a thread of its own for ``demo:`` URLs and the tests (``background.py``).
Nothing is locked. A handler that blocks would delay all clients, so work that may take long is cut
into turns: decoding (20 ms), pushes (256 messages), and rules of a script (10 ms).

Ownership
---------

``Server`` owns the listening sockets and the ``ServerState``. The state is shared by all
connections, and has the options, the rooms, the clock and the set of open connections. A connection
owns its stream and its channel, and the channel its driver and endpoint. These refer to each other
in circles, which ``lost`` breaks: otherwise thousands of dead connections would wait for the
garbage collector.

Limits and back-pressure
------------------------

A client may be hostile or broken, and none may take the server's memory or time:

* The head of a request has limits in size, fields and seconds (``gate.py``).
* A client that does not read is not read from either, once 64 KiB wait for it. An endpoint that
  pushes, such as a hub, cannot wait for one client. It drops a client with 1008 when more than
  ``--queue`` would wait for it.
* Messages have a size limit, also while they are inflated, and so has the number of fragments that
  an echo sends (``channel.MAX_FRAGMENTS``).
* A regular expression of a script has a time limit, and then a rest (``script.py``).
"""
