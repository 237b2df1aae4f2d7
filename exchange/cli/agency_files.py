"""What files about agencies, the directory's and the plans', are told at a terminal."""

import difflib
from collections.abc import Iterator, Mapping, Sequence

import typer

from exchange.cli.say import fail
from exchange.connections import adapter_class, adapter_names
from exchange.core.directory import Agency
from exchange.core.directory_cells import read_options
from exchange.core.directory_changes import Change, ChangeKind
from exchange.core.directory_problems import Kind, Problem, Row, Words, problem

PROBLEMS_SHOWN = 100
_KINDS: Mapping[ChangeKind, str] = {
    ChangeKind.ADDED: "thêm / added",
    ChangeKind.CHANGED: "đổi / changed",
    ChangeKind.CLOSED: "đóng / closed",
}
_DATED = ("name", "level", "parent")


def refuse(file: str, against: Sequence[Problem]) -> None:
    """Say what stands against a file, and end the command."""
    for each in against[:PROBLEMS_SHOWN]:
        fail(f"{file}: {each.message_vi}\n  {each.message}")
    if len(against) > PROBLEMS_SHOWN:
        more = len(against) - PROBLEMS_SHOWN
        fail(f"… và {more} lỗi nữa / and {more} more")
    fail(f"không nhập gì, số lỗi / nothing was imported, problems: {len(against)}")
    raise typer.Exit(1)


def sentence(change: Change) -> str:
    """One line of a dry run."""
    head = f"{_KINDS[change.kind]:15} {change.code} ({change.name})"
    if not change.column:
        return head
    before, after = change.before, change.after
    if change.column == "options":  # may hold a secret: told by their names
        before, after = (", ".join(sorted(read_options(text))) for text in (before, after))
    days = ""
    if change.column in _DATED:
        days = f" (từ / from {change.since})" if change.since else " (mọi ngày / on all days)"
    return f"{head} {change.column}{days}: {before or '–'} → {after or '–'}"


# --- adapters ---


def adapter_problems(rows: Sequence[Row]) -> Iterator[Problem]:
    """What the adapters themselves say of their options."""
    known = adapter_names()
    for row in rows:
        name = row.agency.adapter
        if name and name not in known:
            yield problem(Kind.VALUE, row.lines, "adapter", *_no_adapter(name, known))
        elif name and (fault := _fault(row.agency)):
            wrong = Words(f"the adapter {name} says: {fault}.", f"bộ kết nối {name} báo: {fault}.")
            do = Words("Correct the options (docs/adapters.md).", "Sửa các tùy chọn (docs/adapters.md).")
            yield problem(Kind.VALUE, row.lines, "options", wrong, do)


def _no_adapter(name: str, known: Sequence[str]) -> tuple[Words, Words]:
    wrong = Words(f"there is no adapter {name!r}.", f"không có bộ kết nối {name!r}.")
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return wrong, Words(f"Write {near[0]}, if that is meant.", f"Nếu đúng ý thì ghi {near[0]}.")
    listed = ", ".join(known)
    return wrong, Words(f"Write one of: {listed}.", f"Ghi một trong: {listed}.")


def _fault(agency: Agency) -> str:
    try:
        adapter_class(agency.adapter)(dict(agency.options), 1.0).close()
    except ValueError as error:
        return str(error).rstrip(".")
    return ""
