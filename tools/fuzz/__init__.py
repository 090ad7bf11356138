"""What ``python -m tools.fuzz`` and the tests throw bytes at: every language, every reader.

A target takes bytes and either comes back or raises what nobody foresaw. Its seeds are texts
that mean something; whoever mutates them gets beyond the first character sooner. Where a text
is read together with a document, a NUL parts the two.
"""
