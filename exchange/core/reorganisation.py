"""A reorganisation: agencies are created, renamed, moved, merged, split and closed by one plan.

A plan is judged as a whole, as it would stand in the directory, and taken all or not at all. What it
has done already changes nothing: a plan may be taken again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from exchange.core.closing import Closing, Waiting
from exchange.core.codes import normalise
from exchange.core.directory import Agency, Directory
from exchange.core.directory_changes import Change, compare
from exchange.core.directory_checks import check
from exchange.core.directory_problems import Kind, Problem, Row, Words, problem
from exchange.core.reorganisation_draft import Draft
from exchange.core.reorganisation_file import CLOSES, Action, Step, read_plan

_ORDER = {action: place for place, action in enumerate(Action)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reorganised:
    """What a plan makes of a directory; with a problem it makes nothing of it."""

    directory: Directory
    changed: tuple[Agency, ...] = ()  # new ones too
    changes: tuple[Change, ...] = ()
    created: tuple[Row, ...] = ()
    closings: tuple[Closing, ...] = ()
    problems: tuple[Problem, ...] = ()


def reorganise(content: bytes, existing: Directory, on: date | None = None) -> Reorganised:
    """Read a plan and take it; ``on`` is the day of lines that name none. Never raises.

    Each step is judged on what the earlier ones made, in the order of their days, and within a day of
    ``Action``: whatever follows or is moved to exists then. The whole is judged as an imported file is.
    """
    steps, unread = read_plan(content, on)
    draft = Draft(existing, _created(steps))
    closings: list[tuple[Step, Closing]] = []
    for step in sorted(steps, key=lambda each: (each.day, _ORDER[each.action], each.line)):
        key = draft.take(step)
        if key and step.action in CLOSES:
            closings.append((step, _closing(key, step)))
    rows = draft.rows()
    found = (*unread, *draft.problems)
    if not found:  # what could not be taken would be missed everywhere
        whole = Directory({agency.code: agency for agency in (*existing, *draft.agencies.values())}.values())
        found = (*check(rows, existing), *_nowhere_to_go(whole, closings))
        if not found:
            changed = tuple(draft.agencies.values())
            return Reorganised(
                directory=whole,
                changed=changed,
                changes=compare(existing, Directory(changed)),
                created=tuple(row for row in rows if existing.get(row.agency.code) is None),
                closings=tuple(closing for _, closing in closings),
            )
    return Reorganised(directory=existing, problems=tuple(sorted(found, key=lambda each: each.lines)))


def _created(steps: Iterable[Step]) -> dict[str, tuple[str, date]]:
    """By every code that the plan gives: the key of its agency, and its first day."""
    return {
        code: (normalise(step.agency), step.day)
        for step in steps
        if step.action is Action.CREATE
        for code in (normalise(step.agency), step.code_qd20)
        if code
    }


def _closing(key: str, step: Step) -> Closing:
    assert step.waiting is not None
    return Closing(agency=key, day=step.day, waiting=step.waiting, note=step.note)


def _nowhere_to_go(directory: Directory, closings: list[tuple[Step, Closing]]) -> Iterator[Problem]:
    """Documents that are to be forwarded to an agency that gets none."""
    for step, closing in closings:
        agency = directory.get(closing.agency)
        assert agency is not None
        heir = directory.successor_of(agency, closing.day)
        if closing.waiting is Waiting.FORWARD and heir is not None and not heir.adapter:
            wrong = Words(
                f"{heir.code} ({heir.name}) is not connected: nothing can be forwarded to it.",
                f"{heir.code} ({heir.name}) chưa kết nối: không chuyển tiếp được.",
            )
            do = Words(
                "Connect it (column adapter), or write return.", "Kết nối (cột adapter), hoặc ghi return."
            )
            yield problem(Kind.VALUE, [step.line], "waiting", wrong, do)
