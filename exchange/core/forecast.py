"""Where the share goes if it goes on as in the last months: a straight line through monthly ratios.

The line is that of Theil and Sen: its slope is the median of the slopes between any two months, its
height the median of what the months then leave. A month that is far off, such as that of Tết, hardly
moves it. It promises nothing; below ``MONTHS_MIN`` months with exchanges nothing is said at all.
"""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

MONTHS_MIN = 6
MONTHS_MAX = 12  # older ones tell of another time
_YEAR = 12
_DIGITS = 6  # the same on every machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The line, and what it says of a target."""

    months: int
    """How many it rests on."""
    slope: float | None = None
    """By how much the ratio changes from month to month; None: too few months to say."""
    expected: float | None = None
    """The ratio in the month of the target, within 0..1."""
    reached: int | None = None
    """The month in which the line meets the target, 201512; None if it does not within ten years."""


def forecast(ratios: Mapping[int, float], target_month: int | None, target: float | None) -> Forecast:
    """By the newest months of ``ratios`` (201311: 0..1), without one that is not over yet."""
    months = sorted(ratios)[-MONTHS_MAX:]
    if len(months) < MONTHS_MIN:
        return Forecast(months=len(months))
    points = [(_number(month), ratios[month]) for month in months]
    slope = statistics.median((y - z) / (x - w) for (w, z), (x, y) in combinations(points, 2))
    height = statistics.median(y - slope * x for x, y in points)
    expected = None if target_month is None else _within(height + slope * _number(target_month))
    return Forecast(
        months=len(months),
        slope=round(slope, _DIGITS),
        expected=expected,
        reached=None if target is None else _reached(height, slope, points[-1][0], target),
    )


def _reached(height: float, slope: float, last: int, target: float) -> int | None:
    for number in range(last, last + 10 * _YEAR + 1):
        if height + slope * number >= target - 1e-9:
            return number // _YEAR * 100 + number % _YEAR + 1
    return None


def _within(ratio: float) -> float:
    return round(min(1.0, max(0.0, ratio)), _DIGITS)


def _number(month: int) -> int:
    return month // 100 * _YEAR + month % 100 - 1
