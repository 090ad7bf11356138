"""Documents in, findings out: schemas, identities, references, policies.

The deciders are pure; :mod:`ruleengine.validation.index` remembers their results in
SQLite, so that the cost of a run follows the change and not the size of the repo.
"""
