"""Path globs: ``*`` stays inside one folder, ``**`` stands for any number of folders.

Matching is by path segment, so that no pattern can make it slow.
"""

from fnmatch import fnmatchcase
from functools import lru_cache


@lru_cache(maxsize=4096)
def path_matches(path: str, glob: str) -> bool:
    """Tell whether a path of the repo matches a glob.

    >>> path_matches("environments/production/web.yaml", "environments/production/**")
    True
    >>> path_matches("environments/web.yaml", "environments/*/*")
    False
    """
    parts, patterns = path.split("/"), glob.split("/")
    reachable = {0}
    for pattern in patterns:
        if pattern == "**":
            reachable = set(range(min(reachable), len(parts) + 1)) if reachable else set()
        else:
            reachable = {
                start + 1
                for start in reachable
                if start < len(parts) and (pattern == "*" or fnmatchcase(parts[start], pattern))
            }
    return len(parts) in reachable
