"""The section about where the time goes, and how far the targets can be reached on this machine."""

from collections.abc import Mapping

from bench.results import Budget

STEPS: Mapping[str, str] = {
    "http": "HTTP: a post read and answered, by an application that does nothing else",
    "signxml": "signature verified by the library, signxml",
    "bergshamra": "the same, bergshamra",
    "reading": "parsed, the signature's shape, our own reading of what it covers",
    "checking": "schema, fields, sender, receivers, all else until it may be accepted",
    "acceptance": "acceptance built and signed",
    "rows": "T1: rows, entries, commit",
    "claiming": "T2: attempt written down",
    "delivering": "webhook",
    "settling": "T3: end, receipt built and signed, rows, commit",
    "sequencing": "T4: leaves of its two entries",
    "counting": "T5: counted",
}

_TOLD = """\
Processor time of one document, all threads of a process, step by step. A running broker needs more: its
threads wait for each other, two hardware threads of one core slow each other down, and attached PDFs are
examined in a process beside it."""


def steps(budget: Budget) -> str:
    """The steps as a table."""
    rows = [f"| {text} | {getattr(budget, name):,.0f} |" for name, text in STEPS.items()]
    return "\n".join(["| step, 2 KB | us |", "| --- | --- |", *rows])


def reachable(
    budget: Budget, *, cores: int, generator_us: float, plain: float, wanted: Mapping[str, float]
) -> str:
    """What follows from it for accepting, against a plain stack of ``plain`` documents a second.

    ``wanted`` is the factor for each verifier.
    """
    lines = [_TOLD, ""]
    for name, factor in wanted.items():
        verifier = getattr(budget, name)
        answer, receipt = budget.accepted(verifier), budget.delivered(verifier)
        least = budget.least(verifier)
        needed = cores * 1e6 / (factor * plain) - generator_us
        most = cores * 1e6 / (least + generator_us) / plain
        lines.append(
            f"- {name}: {answer:,.0f} us to the answer, {receipt:,.0f} us to the receipt. {factor:.0f} x the"
            f" plain stack leaves {needed:,.0f} us. HTTP, the verifying library, signing and durable rows"
            f" alone take {least:,.0f} us: {most:.1f} x at the very most, had the broker nothing else to do."
        )
    return "\n".join(lines)
