"""Targets that have dates: on a day, so much of what is exchanged is to go electronically alone.

Between two of them the way is a straight line; before the first there is none, and the last one stays.
"""

from dataclasses import dataclass
from datetime import date

from exchange.core import dated_lines
from exchange.core.dated_lines import BadLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is to be reached by the end of a day, 0..1."""

    day: date
    ratio: float


@dataclass(frozen=True, slots=True)
class Targets:
    """All of them, in the order of their days."""

    each: tuple[Target, ...] = ()

    def at(self, day: date) -> float | None:
        """What is to be reached on that day; None before the first target."""
        before = next((target for target in reversed(self.each) if target.day <= day), None)
        after = next((target for target in self.each if target.day > day), None)
        if before is None or after is None:
            return before.ratio if before else None
        way = (day - before.day).days / (after.day - before.day).days
        return round(before.ratio + way * (after.ratio - before.ratio), 6)

    def next(self, day: date) -> Target | None:
        """The first whose day is still to come, else the last."""
        return next(
            (target for target in self.each if target.day > day), self.each[-1] if self.each else None
        )


NO_TARGETS = Targets()


def read_targets(content: bytes) -> Targets:
    """Read the file: columns ``day`` and ``percent``; raises ``BadLine``."""
    found: dict[date, float] = {}
    for line in dated_lines.read(content, ("percent",)):
        if line.day in found:
            raise BadLine(line.number, f"ngày {line.day} đã có", f"{line.day} stands there already")
        found[line.day] = _ratio(line.number, line.cells["percent"])
    return Targets(tuple(Target(day=day, ratio=found[day]) for day in sorted(found)))


def _ratio(number: int, text: str) -> float:
    try:
        percent = float(text)
    except ValueError:
        percent = -1.0
    if not 0 <= percent <= 100:
        raise BadLine(
            number,
            f"{text[:20]!r} không phải tỷ lệ từ 0 đến 100 (dùng dấu chấm thập phân)",
            f"{text[:20]!r} is no percentage from 0 to 100 (with a decimal point)",
        )
    return round(percent / 100, 6)
