"""The project: which files there are, what they contain, how they hang together."""
