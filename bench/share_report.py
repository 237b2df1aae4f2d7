"""Reports over many exchanges, in the report of the benchmark."""

from bench.share import Figures, Timed, told

TARGET_MS = 1000

_INTRODUCTION = """\
{exchanges:,} exchanges of {agencies} agencies in three years, as counting leaves them. Milliseconds from
the question to the report as a value: the median of {rounds} when asked again, and the longest, mostly the
first, with cold caches. The target is under {target:,} ms."""


def section(found: Figures) -> str:
    """What was measured, as a table in Markdown."""
    from bench.share_history import AGENCIES

    names = [store.name for store in found.stores]
    lines = [
        _INTRODUCTION.format(
            exchanges=found.scale.exchanges, agencies=AGENCIES, rounds=found.scale.rounds, target=TARGET_MS
        ),
        "",
        *(
            f"- {store.name}: {store.tally_rows:,} tallies, {store.duration_rows:,} histograms; "
            f"filled in {store.fill_seconds:.0f} s."
            for store in found.stores
        ),
        "",
        f"| report | lines | {' | '.join(names)} |",
        f"|---|---|{'---|' * len(names)}",
    ]
    for each in zip(*(store.reports for store in found.stores), strict=True):
        cells = " | ".join(map(_cell, each))
        lines.append(f"| {told(each[0].question)} | {each[0].lines} | {cells} |")
    return "\n".join(lines)


def _cell(timed: Timed) -> str:
    return f"{timed.median_ms:.0f} ({timed.most_ms:.0f})"
