"""The simulation kit: drives any reconciler through a seeded schedule of faults.

Everything runs in one thread and in virtual time, against the local control plane in
memory. ``python -m tests.simulation --seeds 5000`` runs the gate by hand; a schedule that
fails is made as small as can be and printed as a test.
"""
