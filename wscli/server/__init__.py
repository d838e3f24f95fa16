"""The embedded server: asyncio over the same wire as the client."""
