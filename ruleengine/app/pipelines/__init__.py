"""What the ``pipeline`` commands do: one module per family of commands."""
