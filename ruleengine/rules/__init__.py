"""Rules: YAML with Jinja expressions that turns documents into objects and actions.

``loading`` reads the built-in rules and the team's, ``evaluation`` runs their phases over
one document at a time: pure, so that results are cached by content.
"""
