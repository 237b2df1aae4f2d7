"""Deliveries in a report: in time by law, how long they took, what did not arrive, what waits."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from exchange.core import quantiles
from exchange.core import report_slices as cut
from exchange.core.quantiles import Histogram, quantile
from exchange.core.report import By, Value
from exchange.core.report_lines import (
    Key,
    Lines,
    Material,
    Table,
    every_time,
    keys,
    ratio,
    rounded,
    summed,
    together,
)
from exchange.core.tallies import COUNTS, PLACE

STEPS = ("accepted_delivered", "delivered_registered")
_HALF, _NEARLY_ALL = 0.5, 0.95
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

TIME_COLUMNS = ("sent_on_time", "sent_late", "sent_ratio", "noticed_on_time", "noticed_late", "noticed_ratio")
DURATION_COLUMNS = tuple(
    f"{step}_{what}" for step in STEPS for what in ("exchanges", "median_seconds", "p95_seconds")
)
REFUSAL_COLUMNS = ("refused", "expired", "together", "part")
WAITING_COLUMNS = ("under_way", "oldest_accepted_at", "expired")


def time_table(material: Material) -> Table:
    """What was sent and noticed in time."""
    question, spans = material.question, [span.period for span in material.spans]
    sent = summed(material, (cut.counted(question, span) for span in spans))
    noticed = summed(material, (cut.noticed(question, span) for span in spans))
    keys = dict.fromkeys([*every_time(question), *sent, *noticed])
    nothing = [0] * len(COUNTS)
    lines: Lines = {key: _in_time(sent.get(key, nothing), noticed.get(key, nothing)) for key in keys}
    width = len(COUNTS)
    return TIME_COLUMNS, lines, _in_time(together(sent.values(), width), together(noticed.values(), width))


def _in_time(sent: Sequence[int], noticed: Sequence[int]) -> tuple[Value, ...]:
    in_time, late = sent[PLACE["sent_on_time"]], sent[PLACE["sent_late"]]
    noticed_in_time, noticed_late = noticed[PLACE["noticed_on_time"]], noticed[PLACE["noticed_late"]]
    return (
        in_time,
        late,
        ratio(in_time, late),
        noticed_in_time,
        noticed_late,
        ratio(noticed_in_time, noticed_late),
    )


# --- how long it took ---


def duration_table(material: Material) -> Table:
    """How long it took."""
    question = material.question
    wanted = cut.durations(question)
    key_of = keys(material, wanted)
    found: dict[Key, dict[str, Histogram]] = {key: {} for key in every_time(question)}
    for (about, step), histogram in material.gathered[wanted]:
        if not any(histogram):
            continue
        steps = found.setdefault(key_of((about,)), {})
        steps[str(step)] = quantiles.together(steps.get(str(step), ()), histogram)
    all_ = {str(step): each for (step,), each in material.gathered[cut.durations_together(question)]}
    return DURATION_COLUMNS, {key: _percentiles(each) for key, each in found.items()}, _percentiles(all_)


def _percentiles(steps: Mapping[str, Histogram]) -> tuple[Value, ...]:
    values: list[Value] = []
    for step in STEPS:
        histogram = steps.get(step, ())
        values.append(sum(histogram))
        values += [_seconds(quantile(histogram, part)) for part in (_HALF, _NEARLY_ALL)]
    return tuple(values)


def _seconds(found: float | None) -> float | None:
    return None if found is None else round(found, 1)


# --- what did not arrive ---


def refusal_table(material: Material) -> Table:
    """What did not arrive, and why."""
    question = material.question
    wanted = cut.causes(question)
    key_of = keys(material, wanted)
    found: dict[Key, list[int]] = {key: [0, 0] for key in every_time(question)}
    for group, (exchanges,) in material.gathered[wanted]:
        if not exchanges:  # what was counted there was sent again since
            continue
        event = group[0] if question.by is By.CAUSE else group[1]
        key = (str(group[1]),) if question.by is By.CAUSE else key_of(group)
        found.setdefault(key, [0, 0])[0 if event == "refused" else 1] += exchanges
    total = together(found.values(), 2)
    return (
        REFUSAL_COLUMNS,
        {key: _refusals(counts, sum(total)) for key, counts in found.items()},
        _refusals(total, sum(total)),
    )


def _refusals(counts: Sequence[int], all_: int) -> tuple[Value, ...]:
    together = sum(counts)
    return (*counts, together, rounded(together / all_) if all_ else None)


def waiting_table(material: Material) -> Table:
    """What still waits, and what waited too long."""
    question = material.question
    wanted = cut.under_way(question)
    key_of = keys(material, wanted)
    expired = summed(material, (cut.received(question, span.period) for span in material.spans))
    waiting: dict[Key, tuple[int, int]] = {}
    for group, (exchanges, oldest) in material.gathered[wanted]:
        before = waiting.get(key_of(group), (0, oldest))
        waiting[key_of(group)] = before[0] + exchanges, min(before[1], oldest)
    lines: Lines = {}
    for key in dict.fromkeys([*waiting, *expired]):
        count, oldest = waiting.get(key, (0, 0))
        late = expired[key][PLACE["expired"]] if key in expired else 0
        if count or late:
            lines[key] = (count, _moment(oldest) if count else None, late)
    first = min((oldest for _, oldest in waiting.values()), default=0)
    return (
        WAITING_COLUMNS,
        lines,
        (
            sum(count for count, _ in waiting.values()),
            _moment(first) if waiting else None,
            sum(counts[PLACE["expired"]] for counts in expired.values()),
        ),
    )


def _moment(microseconds: int) -> str:
    """As ISO 8601 in UTC."""
    return (_EPOCH + timedelta(microseconds=microseconds)).isoformat(timespec="seconds")
