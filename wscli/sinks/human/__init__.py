"""The views for people at a terminal: safe, coloured, and laid out to its width."""
