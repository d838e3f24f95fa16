"""The embedded server: asyncio, with the same protocol object as the client.

A ``ServerConnection`` reads requests until one is an upgrade. It then makes a ``Channel``, which is
the handler of an ``AsyncioDriver``: received messages go to the ``Endpoint`` of the path, and its
messages go back through the channel. Everything runs in the thread of one event loop; nothing is
locked, and a handler that blocks delays all clients.
"""
