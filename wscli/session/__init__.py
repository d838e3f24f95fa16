"""One live connection: the session, its policies, and the bus that feeds whoever looks at it."""
