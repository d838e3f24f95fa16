"""Payloads as users describe them: patterns, replies, and typed text."""
