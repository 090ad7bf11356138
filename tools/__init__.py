"""Programs that make and check what the repository derives from facts and from code."""
