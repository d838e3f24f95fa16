"""Connections: from a URL to an upgraded stream, and the pump that moves its bytes.

``open_connection`` dials (name, TCP, proxy, TLS) and upgrades within one deadline; an ``Opening``
is the record of an attempt. The result is a ``Stream``: a non-blocking socket with its
``Transport``. One thread at a time owns it: the caller during the opening, afterwards the thread
that runs a driver of ``session``.
"""
