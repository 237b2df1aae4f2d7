"""What leaves alone tell of a report: how much was accepted, delivered and registered on paper, by time.

Who, to whom and what stands behind digests: a report cannot be counted again without opened entries. But it
cannot claim more than the leaves hold.
"""

from collections import Counter
from dataclasses import dataclass, field

from exchange.audit.finding import Finding
from exchange.audit.words import finding
from exchange.core.counting import Kind as Event
from exchange.core.edxml import VIETNAM
from exchange.core.leaf import Leaf
from exchange.core.period import month_of
from exchange.core.report import Kind, Report


@dataclass(slots=True)
class LeafCount:
    """Events by month, as the leaves tell them in plain."""

    events: Counter[tuple[int, str]] = field(default_factory=Counter)

    def add(self, leaf: Leaf) -> None:
        """Count one leaf."""
        self.events[month_of(leaf.at.astimezone(VIETNAM).date()), leaf.event] += 1

    def since(self, month: int, event: str) -> int:
        """How many of an event there are from a month on."""
        return sum(count for (at, each), count in self.events.items() if at >= month and each == event)

    def compared(self, report: Report) -> list[Finding]:
        """Whether the report claims more than there is; and that nothing else was counted."""
        period = report.question.period
        delivered = self.since(period.first, Event.DELIVERED)
        findings = [
            finding(
                "leaves_tell",
                accepted=sum(self.events[month, Event.ACCEPTED] for month in period),
                delivered=sum(self.events[month, Event.DELIVERED] for month in period),
                paper=sum(self.events[month, Event.PAPER] for month in period),
            )
        ]
        claimed = _delivered(report)
        if claimed > delivered:
            return [*findings, finding("more_than_leaves", claimed=claimed, delivered=delivered)]
        return [*findings, finding("not_recounted_without_entries")]


def _delivered(report: Report) -> int:
    """How many deliveries a report claims at least."""
    if report.question.kind is not Kind.SHARE:
        return 0
    places = [report.columns.index(name) for name in ("electronic", "with_paper")]
    values = [report.total[place] for place in places]
    return sum(value for value in values if isinstance(value, int))
