"""Payloads: codecs that show and parse them, patterns that match them, and the ids of replies."""
