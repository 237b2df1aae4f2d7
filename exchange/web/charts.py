"""Charts as geometry: shares as stacked bars with a line of targets. Templates draw them as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 760, 300
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 24, 34
BARS_MAX = 24
CHARACTER_WIDTH = 7.0
LABEL_WIDTH = 54  # a bar that is narrower leaves labels out
_PARTS = ("electronic", "with-paper", "paper")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One column: what it is called, the counts of its parts, and what was to be reached, 0..1."""

    label: str
    counts: tuple[int, int, int]  # electronic, electronic with paper, paper
    share: float | None
    target: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One part of a column."""

    part: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One text."""

    x: float
    y: float
    text: str
    share: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """All that is drawn, in units of a view of ``WIDTH`` by ``HEIGHT``."""

    blocks: tuple[Block, ...]
    labels: tuple[Label, ...]
    shares: tuple[Label, ...]
    grid: tuple[Label, ...]  # lines across, with the ratio that they stand for
    targets: str  # points of a line; "" without targets
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT


def share_chart(bars: Sequence[Bar]) -> Chart | None:
    """Of the last ``BARS_MAX`` columns; None where there is nothing to draw."""
    bars = bars[-BARS_MAX:]
    if not any(sum(bar.counts) for bar in bars):
        return None
    step = (WIDTH - LEFT - RIGHT) / len(bars)
    places = [LEFT + step * number for number in range(len(bars))]
    middles = [place + step / 2 for place in places]
    every = max(1, -(-LABEL_WIDTH // int(step)))
    return Chart(
        blocks=tuple(
            block for bar, place in zip(bars, places, strict=True) for block in _blocks(bar, place, step)
        ),
        labels=tuple(
            Label(x=round(x, 1), y=HEIGHT - 12, text=_cut(bar.label, step * every))
            for number, (bar, x) in enumerate(zip(bars, middles, strict=True))
            if (len(bars) - 1 - number) % every == 0
        ),
        shares=tuple(
            Label(x=round(x, 1), y=round(_y(bar.share) - 5, 1), text="", share=bar.share)
            for number, (bar, x) in enumerate(zip(bars, middles, strict=True))
            if bar.share is not None and (len(bars) - 1 - number) % every == 0
        ),
        grid=tuple(
            Label(x=LEFT - 6, y=round(_y(ratio), 1), text="", share=ratio)
            for ratio in (0, 0.25, 0.5, 0.75, 1)
        ),
        targets=" ".join(
            f"{x:.1f},{_y(bar.target):.1f}"
            for bar, x in zip(bars, middles, strict=True)
            if bar.target is not None
        ),
    )


def _cut(text: str, width: float) -> str:
    most = int(width / CHARACTER_WIDTH)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _y(ratio: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - ratio)


def _blocks(bar: Bar, place: float, step: float) -> list[Block]:
    whole, done, blocks = sum(bar.counts), 0, []
    for part, count in zip(_PARTS, bar.counts, strict=True):
        if count:
            low, high = done / whole, (done + count) / whole
            blocks.append(
                Block(
                    part=part,
                    x=round(place + step * 0.14, 1),
                    y=round(_y(high), 1),
                    width=round(step * 0.72, 1),
                    height=round(_y(low) - _y(high), 1),
                )
            )
        done += count
    return blocks
