"""Sockets, TLS and threads: from a URL to an upgraded connection, and the pump that drives it."""
