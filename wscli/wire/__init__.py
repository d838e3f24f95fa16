"""The protocol, pure: no socket, no clock, no thread, no print."""
