"""The outputs of a session: payloads, JSON, hex, and the forms for people at a terminal."""
