"""YAML with positions and kubectl's types, JSON, and differences between values.

The only room that knows the YAML and JSON libraries. Reading never raises for wrong
user data: what is wrong comes back as findings.
"""
