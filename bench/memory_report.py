"""The section about resident memory: whether it levels off."""

from collections.abc import Sequence

from bench.results import Memory, Target
from bench.tables import table

_TOLD = """\
All processes together. With the first documents come up to 64 MiB of the database's pages, which the writer
keeps, and the process that examines attached PDFs (about 70 MiB)."""
SECOND_HALF = 0.05  # so much more than half-way there may be at the end


def section(found: Sequence[Memory]) -> str:
    """The table, and what is in it."""
    rows = [
        (
            str(each.contender.kind),
            f"{each.start_bytes / 2**20:.0f} MiB",
            f"{each.halfway_bytes / 2**20:.0f} MiB",
            f"{each.end_bytes / 2**20:.0f} MiB",
            f"{sum(sample.load.accepted for sample in each.samples):,}",
        )
        for each in found
    ]
    head = ("server, one API process", "at the start", "half-way", "at the end", "documents")
    return table(head, rows) + "\n\n" + _TOLD


def targets(found: Sequence[Memory]) -> list[Target]:
    """Whether memory levels off."""
    judged = []
    for each in found:
        more = each.end_bytes / each.halfway_bytes - 1
        judged.append(
            Target(
                what=f"memory in the second half of the documents, {each.contender.kind}",
                wanted=f"under {SECOND_HALF:.0%} more",
                reached=f"{more:+.1%}",
                met=more < SECOND_HALF,
            )
        )
    return judged
