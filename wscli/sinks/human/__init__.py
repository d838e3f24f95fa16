"""What people see at a terminal: safe, coloured, and laid out to its width."""
