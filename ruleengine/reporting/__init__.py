"""Findings, plans and outcomes as text, tree, JSON, YAML, SARIF and JUnit.

Pure functions from values to text; only :mod:`ruleengine.reporting.progress` holds a
stream, because progress is something that happens. Nothing here ever shows a secret.
"""
