"""Slips of the pen in agency codes."""

from exchange.core.codes import QD20_CHARACTERS_MAX

_CODE_CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ."
_READ_ALIKE = str.maketrans("OIL,-_ /", "011.....")


def read_alike(code: str) -> str:
    """``code`` with digits for the letters that look like them, and dots for other separators."""
    return code.translate(_READ_ALIKE)


def slips(code: str) -> set[str]:
    """``code`` with one character left out, swapped, changed or added, and as ``read_alike``.

    None for what is longer than any code: the cost grows with the length.
    """
    if len(code) > QD20_CHARACTERS_MAX:
        return set()
    halves = [(code[:at], code[at:]) for at in range(len(code) + 1)]
    found = {read_alike(code), read_alike(code[:-3]) + code[-3:]}
    found.update(left + right[1:] for left, right in halves if right)
    found.update(left + right[1] + right[0] + right[2:] for left, right in halves if len(right) > 1)
    found.update(left + other + right[1:] for left, right in halves if right for other in _CODE_CHARACTERS)
    found.update(left + other + right for left, right in halves for other in _CODE_CHARACTERS)
    return found - {code}
