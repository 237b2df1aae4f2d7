"""Durations in geometric buckets, 5 % wide: few numbers, and percentiles that are right within 5 %."""

import math
from collections.abc import Mapping, Sequence
from itertools import chain, dropwhile
from operator import add, not_

Histogram = tuple[int, ...]  # how many durations in each bucket from 0 on; the last one is not 0

WIDTH = 1.05
_LOG = math.log(WIDTH)


def bucket_of(seconds: float) -> int:
    """The bucket of a duration: 0 up to one second, n up to 1.05 ** n seconds."""
    return math.ceil(math.log(seconds) / _LOG - 1e-9) if seconds > 1 else 0


def seconds_of(bucket: int) -> float:
    """The upper end of a bucket, in seconds: no duration in it is longer, none 5 % shorter."""
    return WIDTH**bucket


def grown(histogram: Histogram, changes: Mapping[int, int]) -> Histogram:
    """With so many more, or fewer, in each of these buckets."""
    counts = [*histogram, *[0] * (max(changes, default=-1) + 1 - len(histogram))]
    for bucket, change in changes.items():
        counts[bucket] += change
    return tuple(dropwhile(not_, reversed(counts)))[::-1]


def together(one: Sequence[int], other: Sequence[int]) -> Histogram:
    """Both, in one."""
    short, long = sorted((one, other), key=len)
    return tuple(chain(map(add, short, long), long[len(short) :]))


def quantile(histogram: Histogram, share: float) -> float | None:
    """The seconds within which ``share`` (0..1) of what was counted lies, within 5 %; None of nothing."""
    number = sum(histogram)
    if not number:
        return None
    left = share * number
    for bucket, count in enumerate(histogram):
        left -= count
        if left <= 1e-9 and count:
            return seconds_of(bucket)
    return seconds_of(len(histogram) - 1)
