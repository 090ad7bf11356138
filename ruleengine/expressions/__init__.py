"""The languages that documents of the four areas carry inside their texts.

One module or package per language, all of one shape (:mod:`.language`): ``compile(text)``
returns a program, ``program.eval(env, limits)`` a value, and everything that can go wrong is
one error that knows the place in the text. Nothing in here has a clock, a random source or
a network: where a language offers ``now`` or random values, they come in with the environment.
"""
