"""What is simulated: one module per scenario, each with a ``SCENARIO`` and nothing to register.

A new one is a file here: subclass :class:`~tests.simulation.scenario.Scenario`, say what is
there from the start, who decides, what the user does and what must hold, and set
``SCENARIO``. The gate runs it over its ``seeds`` in ``make test``, and over as many as one
likes by ``python -m tests.simulation --scenario NAME --seeds 5000``.
"""
