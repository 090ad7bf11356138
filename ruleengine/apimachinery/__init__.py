"""What Kubernetes means, as pure functions over plain objects.

The table of kinds, the shape of every type, structured and strategic merge, JSON
patches, selectors, quantities, names, defaulting and validation. The local control plane
and the engine's comparison of desired with live both stand on this one implementation.
Everything follows the reference, Kubernetes API.
"""
