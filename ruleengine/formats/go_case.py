"""Upper and lower case as Go has them.

In Go one character becomes one character, whatever is around. Python follows the full rules
of Unicode, where ``ß`` becomes ``SS`` and a last ``Σ`` ``ς``.
"""


def upper(text: str) -> str:
    """Return a text in upper case (Go's ``strings.ToUpper``)."""
    return text.upper() if text.isascii() else "".join(map(_upper, text))


def lower(text: str) -> str:
    """Return a text in lower case (Go's ``strings.ToLower``)."""
    return text.lower() if text.isascii() else "".join(one.lower()[0] for one in text)


def _upper(character: str) -> str:
    for changed in (character.upper(), character.title()):
        if len(changed) == 1:
            return changed
    return character
