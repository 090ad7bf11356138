"""Git and the convention of the config repo: trees, snapshots, settings, other repositories.

The only room that knows Git. The working tree and the index are read through the ``git``
program, which owns the cache of file times and every ignore rule; commits and remote
repositories through libgit2.
"""
