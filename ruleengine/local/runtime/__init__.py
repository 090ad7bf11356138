"""Pods as real processes: what should run is decided purely, a runner makes it happen.

``deciding`` says what a pod needs at a moment, ``planning`` turns a container into a value
that can be started, ``processes`` starts it through a ``sandbox``, and ``pods`` is the
controller that brings them together.
"""
