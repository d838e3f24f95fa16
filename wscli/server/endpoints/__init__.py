"""The endpoints of the embedded server: one class per behaviour.

Each connection has an endpoint of its own, which its route makes when it is upgraded. An endpoint
is called in the thread of the event loop, and must not block it. There are two ways to send:

* An endpoint that replies, such as an echo, uses ``channel.send``. It need not watch the queue:
  while the client does not read, no more messages arrive to be replied to.
* An endpoint that pushes asks ``channel.stream.full`` and continues in ``resumed`` (``Push``), or
  uses ``channel.push``, which drops a client that does not keep up (``Hub``, ``Ticks``).
"""
