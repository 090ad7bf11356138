"""The local control plane: a Kubernetes API with controllers and a node, in one process.

``store`` keeps the objects, ``api`` answers HTTP requests as values, ``controllers`` and
``node`` act on what is stored, and ``process`` runs all of it behind TLS on loopback.
Tests use :func:`ruleengine.local.control_plane.in_memory_plane`: no socket, virtual time.
"""
