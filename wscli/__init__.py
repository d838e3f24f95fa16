"""See what your WebSocket does: a command-line client and debugging tool, and its Python API."""

__version__ = "0.1.0"
