"""Payloads as people refer to them: which messages a pattern means."""
