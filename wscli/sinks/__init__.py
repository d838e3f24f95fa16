"""Everything that looks at a session: payloads, NDJSON, hex, and what people see at a terminal."""
