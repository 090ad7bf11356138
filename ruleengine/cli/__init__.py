"""The command line: translate options, call :mod:`ruleengine.app`, report."""
