"""Environments: what must run where, as pure decisions over Argo CD's Application.

:mod:`ruleengine.environments.reconciler` is the entry. It normalises what a source
rendered, compares it with the live objects, moves a sync one wave at a time and writes
the status in Argo CD's shape.
"""
