"""Pipelines: what Argo Workflows declares, run by a pure machine.

A workflow is a tree of nodes that is written down in its status. Every decision walks the
tree from its root: nodes that are fulfilled are passed by, running ones are looked after, and
what can begin now begins. So the status and the pods are all that has to survive.
"""
