"""What people tell workflows, as functions of values (reference, Workflows 13, 22 and 26).

Each takes a workflow as it is and returns it as it is to be; what cannot be done raises a
``RuleEngineError`` with its remedy. Nothing is read or written here.
"""
