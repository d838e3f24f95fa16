"""One file a command: its options, its help, and the call of its app."""
