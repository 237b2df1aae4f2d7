"""Durations in geometric buckets, 5 % wide: few numbers, and percentiles that are right within 5 %."""

import math
from collections.abc import Mapping

WIDTH = 1.05
_LOG = math.log(WIDTH)


def bucket_of(seconds: float) -> int:
    """The bucket of a duration: 0 up to one second, n up to 1.05 ** n seconds."""
    return math.ceil(math.log(seconds) / _LOG - 1e-9) if seconds > 1 else 0


def seconds_of(bucket: int) -> float:
    """The upper end of a bucket, in seconds: no duration in it is longer, none 5 % shorter."""
    return WIDTH**bucket


def quantile(buckets: Mapping[int, int], share: float) -> float | None:
    """The seconds within which ``share`` (0..1) of what was counted lies, within 5 %; None of nothing."""
    left = share * sum(buckets.values())
    if not sum(buckets.values()):
        return None
    for bucket in sorted(buckets):
        left -= buckets[bucket]
        if left <= 1e-9 and buckets[bucket]:
            return seconds_of(bucket)
    return seconds_of(max(buckets))
