"""Rules of the reference that are broken on purpose, to see that a test falls with each.

A file a section of the reference, an entry a rule: where the code keeps it, what stands there
when it is broken, and the test that promises it. ``python -m tests.broken_rules`` plants them
one by one in a copy of the project and demands that the named test fails.
"""
