"""Pods as real processes: what should run is decided purely, a runner makes it happen.

``deciding`` (with ``situation``, ``checks``, ``ending``, ``pod_status``) says what a pod needs at a
moment; ``planning`` (with ``images``, ``environment`` and ``volumes``) turns a container into a
value that can be started. Both are pure. ``processes`` starts it through ``containers`` and
``launching``, in a ``sandbox``; ``inside`` is what then runs around it. ``pods`` is the controller
that brings them together.
"""
