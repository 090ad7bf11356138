"""Where artifacts are kept: one module for each kind of store and each library."""
