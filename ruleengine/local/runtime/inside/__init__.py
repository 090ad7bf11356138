"""What runs around containers in processes of its own: the launcher, and each first process.

Standard library only, and nothing else of the package: the launcher is small, so that forking it
is cheap, and it knows no secret of the server. ``launcher`` forks a first process into new
namespaces, ``enter`` builds its file system and gives up its privileges, ``supervise`` starts the
container's process and stays with it.
"""
