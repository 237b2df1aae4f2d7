"""What the demo shows while it runs: steps, bars on a terminal, a line now and then elsewhere."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from time import monotonic
from typing import NamedTuple

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

TICK_SECONDS = 0.2
LINE_SECONDS = 2.0
WIDTH_ELSEWHERE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How far things are."""

    accepted: int
    planned: int
    home: int
    due: int
    heard: int
    reported: int


Look = Callable[[], Figures]


class Finding(NamedTuple):
    """One thing that the verifier says."""

    status: str
    code: str
    vietnamese: str
    english: str


MARKS = {"proven": "✓", "refused": "✗", "open": "–"}


class Screen:
    """One console; everything on it comes from here."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        if not self.console.is_terminal:
            self.console = Console(highlight=False, width=WIDTH_ELSEWHERE)
        self._begin = monotonic()

    @property
    def seconds(self) -> float:
        """Since the demo began."""
        return monotonic() - self._begin

    def title(self, vietnamese: str, english: str) -> None:
        """What begins now."""
        self.console.print(f"\n[bold]{escape(vietnamese)}[/]\n[dim]{escape(english)}[/]", soft_wrap=True)

    def step(self, vietnamese: str, english: str, mark: str = "[green]✓[/]") -> None:
        """One thing that is done."""
        self.console.print(f"  [dim]{self.seconds:5.1f} s[/]  {mark} {escape(vietnamese)}", soft_wrap=True)
        self.console.print(f"             [dim]{escape(english)}[/]", soft_wrap=True)

    def event(self, vietnamese: str, english: str) -> None:
        """Something that a watcher should notice."""
        self.step(vietnamese, english, mark="[bold yellow]⚡[/]")

    def point(self, vietnamese: str, english: str, *, holds: bool = True) -> None:
        """One thing that was checked."""
        mark = "[green]✓[/]" if holds else "[bold red]✗[/]"
        self.console.print(f"  {mark} {escape(vietnamese)}\n    [dim]{escape(english)}[/]", soft_wrap=True)

    def fault(self, text: str) -> None:
        """Something that must not be."""
        self.console.print(f"  [bold red]✗[/] {escape(text)}", soft_wrap=True)

    def show(self, what: RenderableType) -> None:
        """A table, or a line with markup."""
        self.console.print(what, soft_wrap=isinstance(what, str))

    def finding(self, found: Finding, count: int) -> None:
        """What a check found, cut to the width of the screen; ``count`` are of its kind."""
        mark, more = MARKS.get(found.status, "?"), f"(×{count}) " if count > 1 else ""
        for text, style in ((f"{mark} {more}{found.vietnamese}", ""), (f"  {found.english}", "dim")):
            line = Text(f"    {text}", style=style)
            line.truncate(self.console.width, overflow="ellipsis")
            self.console.print(line)

    @contextmanager
    def busy(self, text: str) -> Iterator[None]:
        """Something moves on a terminal while the block runs."""
        with self.console.status(escape(text)) if self.console.is_terminal else nullcontext():
            yield

    @contextmanager
    def watching(self, look: Look) -> Iterator[None]:
        """Keep showing the figures while the block runs."""
        stop = threading.Event()
        shown = _Bars(self.console) if self.console.is_terminal else _Lines(self)
        ticker = threading.Thread(target=_tick, args=(stop, shown, look), daemon=True)
        with shown:
            ticker.start()
            try:
                yield
            finally:
                stop.set()
                ticker.join()
                shown.update(look())


class _Bars:
    """Three bars that stay under what is printed meanwhile."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("  {task.description:<34}"),
            BarColumn(bar_width=32),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        )
        self._tasks: list[TaskID] = [
            self._progress.add_task(name, total=None)
            for name in ("văn bản / documents", "biên nhận / receipts", "trạng thái / status messages")
        ]

    def __enter__(self) -> "_Bars":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def update(self, figures: Figures) -> None:
        pairs = (
            (figures.accepted, figures.planned),
            (figures.home, figures.due),
            (figures.heard, figures.reported),
        )
        for task, (done, total) in zip(self._tasks, pairs, strict=True):
            self._progress.update(task, completed=done, total=total or None)


class _Lines:
    """Where no bar can move: a line every other second."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._next = 0.0

    def __enter__(self) -> "_Lines":
        return self

    def __exit__(self, *_: object) -> None:
        self._next = 0.0

    def update(self, figures: Figures) -> None:
        if self._screen.seconds < self._next:
            return
        self._next = self._screen.seconds + LINE_SECONDS
        self._screen.step(
            f"{figures.accepted}/{figures.planned} văn bản, {figures.home}/{figures.due} biên nhận, "
            f"{figures.heard}/{figures.reported} trạng thái",
            "documents accepted, receipts home, status messages through",
            mark="·",
        )


def _tick(stop: threading.Event, shown: _Bars | _Lines, look: Look) -> None:
    while not stop.wait(TICK_SECONDS):
        shown.update(look())
