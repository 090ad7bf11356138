"""The area triggers."""
