"""Agencies outside, from another exchange's list, as lines that an administrator may import."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from exchange.core.codes import CodeForm, form_of, normalise, one_line
from exchange.core.directory import THROUGH, Agency, Alias, Directory, Level

_QCVN102 = re.compile(r"([0-9]{3})\.([0-9]{2})\.([0-9]{2})\.([A-Z][0-9]{2})")
_HUB = ".W00"  # hubs: no agency that anybody writes to
QD20_FROM = date(2020, 9, 15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An agency as the other exchange lists it: in both forms of codes, as far as it has them."""

    code: str
    name: str
    code_qd20: str = ""


def proposed(
    listed: Iterable[Listed], hub: str, known: Directory, on: date, unsigned_until: date | None
) -> list[Agency]:
    """Those that the directory does not know under any code yet, each reached through ``hub``.

    Without parents, which the administrator adds where he wants them. Hubs are left out, and whoever has
    no name.
    """
    found: dict[str, Agency] = {}
    for each in listed:
        code, other = normalise(each.code), normalise(each.code_qd20)
        if not code or not each.name.strip() or code.endswith(_HUB) or code in found:
            continue
        if known.find(code, on) or (other and known.find(other, on)):
            continue
        found[code] = Agency(
            code=code,
            name=one_line(each.name),
            level=_level(code),
            valid_from=on,
            aliases=_aliases(code, other, on),
            adapter=THROUGH,
            options={"hub": hub},
            unsigned_until=unsigned_until,
        )
    return list(found.values())


def _aliases(code: str, other: str, on: date) -> tuple[Alias, ...]:
    if not other or other == code or form_of(other) is not CodeForm.QD20:
        return ()
    return (Alias(code=other, form=CodeForm.QD20, valid_from=max(on, QD20_FROM)),)


def _level(code: str) -> Level:
    read = _QCVN102.fullmatch(code)
    if read is not None and read[4][0] in "HK" and (read[1], read[2], read[3]) == ("000", "00", "00"):
        return Level.PROVINCE
    return Level.NATIONAL
