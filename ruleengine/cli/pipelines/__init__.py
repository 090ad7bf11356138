"""The ``pipeline`` commands: translate options, call ``app.pipelines``, report."""
