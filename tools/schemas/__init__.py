"""Makes ``schemas/`` from the facts of the Kubernetes and Argo types and hand-written constraints.

``facts`` reads the two tables of types, ``constraints`` what people wrote by hand per kind;
``definitions`` turns both into JSON Schema, ``kinds`` and ``short_forms`` make the files that a
document is checked against, ``crds`` the minimal CRDs, ``support`` the support tables.
"""
