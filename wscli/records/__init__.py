"""The JSON form of events, for ``--json`` and recordings: written, and read back."""
