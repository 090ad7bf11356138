"""Back-off: how long to wait before something that failed is tried again.

The pause doubles with every failure and is spread by a share that follows from the seed,
the object and the count. So many objects that failed together do not return together, and
the same seed gives the same run.
"""

from ruleengine.model.actions import Target
from ruleengine.model.digests import content_digest

_SHARE = 16**8


def pause_after(
    failures: int, target: Target, seed: int, *, first: float = 1.0, longest: float = 60.0
) -> float:
    """Return the seconds to wait after failure number ``failures`` (from 1).

    Between half and the whole of ``first`` doubled ``failures - 1`` times, at most
    ``longest``.
    """
    grown = min(first * 2.0 ** min(failures - 1, 64), longest)
    share = int(content_digest([seed, str(target), failures])[:8], 16) / _SHARE
    return grown * (0.5 + share / 2)
