"""ruleengine: the whole Argo suite from one Git repository with four folders.

The package is a set of rooms (see ``docs/architecture.md``); imports go one way
and only :mod:`ruleengine.app` composes them. Nothing is imported here, so that
``ruleengine --help`` stays quick.
"""

__version__ = "0.1.0"
