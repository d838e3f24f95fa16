"""The interactive session: a prompt that sends, and pushes that appear above it."""
