"""One module per command: its options, its help, and the call of its app."""
