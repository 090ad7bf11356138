"""The words of the design as frozen values.

Every other room speaks in these types: documents, findings, actions, plans,
outcomes, decisions. The room uses the standard library only and performs no
I/O apart from locating the package's own data files.
"""
