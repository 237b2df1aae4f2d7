"""Tables in Markdown, and the figures in them."""

from collections.abc import Iterable, Sequence


def number(value: float) -> str:
    """Three digits are all that such a figure carries."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A head and rows of as many cells."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
