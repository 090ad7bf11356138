"""Rendering: the source of an application, read from one tree, becomes objects.

Plain directories are rendered; every other generator is recognised and refused with a
finding, because rendering a chart as if it were plain manifests would be worse than
not rendering it.
"""
