"""What stands against a list of agencies as a whole: no cycles, no overlaps, no orphans.

The rows are judged as they would stand in the directory, among the agencies that are there already
and that the list leaves as they are. Only what a row of the list has a part in is reported.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from exchange.core.directory import Agency, Directory, Holding, Level, holdings


class Kind(StrEnum):
    """What is wrong."""

    FILE = "file"  # not UTF-8, or not CSV
    HEADER = "header"  # a column is missing, unknown or named twice
    VALUE = "value"  # a cell cannot be read
    PERIOD = "period"  # ends before it begins, or lies outside the agency's life
    DUPLICATE = "duplicate"  # two lines for one agency
    OVERLAP = "overlap"  # one code for two agencies on the same day
    ORPHAN = "orphan"  # no parent, or none during a part of the life
    LEVEL = "level"  # the level does not fit the parent's
    PARENT_CYCLE = "parent_cycle"
    SUCCESSOR = "successor"  # missing, or not there when it is needed
    SUCCESSOR_CYCLE = "successor_cycle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One reason not to import. Both sentences begin with the lines; no line: the file as a whole."""

    kind: Kind
    lines: tuple[int, ...]
    column: str
    message: str
    message_vi: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An agency and the line of the file where it stands."""

    line: int
    agency: Agency


# Under which levels an agency may stand. Communes stood under a district until 2025-06-30, and stand
# under the province in the two tiers since.
PARENTS: Mapping[Level, frozenset[Level]] = {
    Level.NATIONAL: frozenset({Level.NATIONAL}),
    Level.PROVINCE: frozenset({Level.NATIONAL}),
    Level.DEPARTMENT: frozenset({Level.PROVINCE, Level.NATIONAL}),
    Level.DISTRICT: frozenset({Level.PROVINCE}),
    Level.COMMUNE: frozenset({Level.DISTRICT, Level.PROVINCE}),
    Level.UNIT: frozenset(Level),
}
MAY_STAND_ALONE = frozenset({Level.NATIONAL, Level.PROVINCE})


def problem(kind: Kind, lines: Iterable[int], column: str, message: str, message_vi: str) -> Problem:
    """A problem whose sentences begin with the lines; 0 stands for no line and is left out."""
    numbers = tuple(sorted({line for line in lines if line}))
    listed = ", ".join(map(str, numbers))
    if numbers:
        message = f"Line{'s' if len(numbers) > 1 else ''} {listed}: {message}"
        message_vi = f"Dòng {listed}: {message_vi}"
    return Problem(kind=kind, lines=numbers, column=column, message=message, message_vi=message_vi)


def check(
    rows: Sequence[Row], existing: Directory, unread: frozenset[str] = frozenset()
) -> tuple[Problem, ...]:
    """All problems of ``rows`` among the agencies of ``existing`` that they do not replace.

    ``unread`` are codes of lines that could not be read: nobody is an orphan for want of them.
    """
    scene = _Scene(rows, existing, unread)
    return (
        *_duplicates(rows),
        *_periods(rows),
        *_overlaps(scene),
        *_cycles(scene, Kind.PARENT_CYCLE, "parent", lambda agency: agency.parent),
        *_cycles(scene, Kind.SUCCESSOR_CYCLE, "successor", lambda agency: agency.successor),
        *(found for agency in scene.agencies.values() for found in _parent_problems(scene, agency)),
        *(found for agency in scene.agencies.values() for found in _successor_problems(scene, agency)),
    )


class _Scene:
    """The directory as it would be, and the line of each agency that the list names (0: of none)."""

    def __init__(self, rows: Sequence[Row], existing: Directory, unread: frozenset[str]) -> None:
        self.lines: dict[str, int] = {}
        self.agencies: dict[str, Agency] = {agency.code: agency for agency in existing}
        for row in reversed(rows):  # the first of duplicates counts
            self.lines[row.agency.code] = row.line
            self.agencies[row.agency.code] = row.agency
        self.unread = unread
        self._key_of_alias = {
            alias.code: agency.code for agency in self.agencies.values() for alias in agency.aliases
        }

    def line(self, agency: Agency) -> int:
        return self.lines.get(agency.code, 0)

    def touched(self, *agencies: Agency) -> bool:
        return any(agency.code in self.lines for agency in agencies)

    def hint(self, code: str) -> tuple[str, str]:
        """What to write in place of a code that is no key."""
        key = self._key_of_alias.get(code)
        if key is None:
            return "is not in the directory", "không có trong danh bạ"
        return f"is an alias; write {key}", f"là mã phụ; hãy ghi {key}"


def _duplicates(rows: Sequence[Row]) -> Iterator[Problem]:
    lines: dict[str, list[int]] = {}
    for row in rows:
        lines.setdefault(row.agency.code, []).append(row.line)
    for code, several in lines.items():
        if len(several) > 1:
            yield problem(
                Kind.DUPLICATE,
                several,
                "code",
                f"{code} has {len(several)} lines; a code allotted anew is an alias of its new holder.",
                f"{code} có {len(several)} dòng; mã được cấp lại phải ghi là mã phụ của đơn vị mới.",
            )


def _periods(rows: Sequence[Row]) -> Iterator[Problem]:
    for row in rows:
        agency = row.agency
        if agency.valid_to is not None and agency.valid_to < agency.valid_from:
            yield problem(
                Kind.PERIOD,
                [row.line],
                "valid_to",
                f"{agency.code} ends on {agency.valid_to}, before it begins on {agency.valid_from}.",
                f"{agency.code} kết thúc {agency.valid_to}, trước ngày bắt đầu {agency.valid_from}.",
            )
            continue
        held = {(each.code, each.since) for each in holdings(agency)}
        for alias in agency.aliases:
            if (alias.code, max(alias.valid_from, agency.valid_from)) not in held:
                yield problem(
                    Kind.PERIOD,
                    [row.line],
                    "aliases",
                    f"the alias {alias.code} ({alias.valid_from}..{alias.valid_to or ''}) has no day"
                    f" in the life of {agency.code} ({_life(agency)}).",
                    f"mã phụ {alias.code} ({alias.valid_from}..{alias.valid_to or ''}) không có ngày nào"
                    f" trong thời gian hoạt động của {agency.code} ({_life(agency)}).",
                )


def _life(agency: Agency) -> str:
    return f"{agency.valid_from}..{agency.valid_to or ''}"


def _overlaps(scene: _Scene) -> Iterator[Problem]:
    held: dict[str, list[Holding]] = {}
    for agency in scene.agencies.values():
        for holding in holdings(agency):
            held.setdefault(holding.code, []).append(holding)
    for code, several in held.items():
        if len(several) < 2:
            continue
        several.sort(key=lambda holding: holding.since)
        for index, one in enumerate(several):
            for other in several[index + 1 :]:
                if other.since > one.until:
                    break
                if scene.touched(one.agency, other.agency):
                    yield _overlap(scene, code, one, other)


def _overlap(scene: _Scene, code: str, one: Holding, other: Holding) -> Problem:
    since, until = other.since, min(one.until, other.until)
    days = f"{since}.." if until == date.max else f"{since}..{until}"
    lines = [scene.line(one.agency), scene.line(other.agency)]
    if one.agency is other.agency:
        message = f"{one.agency.code} has the code {code} twice in {days}."
        message_vi = f"{one.agency.code} có mã {code} hai lần trong {days}."
    else:
        keys = f"{one.agency.code} ({one.agency.name}), {other.agency.code} ({other.agency.name})"
        message = f"{code} names two agencies in {days}: {keys}."
        message_vi = f"{code} chỉ hai cơ quan trong {days}: {keys}."
    return problem(Kind.OVERLAP, lines, "code" if code == one.agency.code else "aliases", message, message_vi)


def _cycles(scene: _Scene, kind: Kind, column: str, next_of: Callable[[Agency], str]) -> Iterator[Problem]:
    done: set[str] = set()
    for start in scene.agencies:
        path: dict[str, None] = {}
        code = start
        while code in scene.agencies and code not in done and code not in path:
            path[code] = None
            code = next_of(scene.agencies[code])
        if code in path:
            way = list(path)
            cycle = way[way.index(code) :]
            if any(member in scene.lines for member in cycle):
                shown = " → ".join([*cycle, code])
                lines = [scene.lines.get(member, 0) for member in cycle]
                yield problem(kind, lines, column, *_cycle_sentences(kind, shown))
        done.update(path)


def _cycle_sentences(kind: Kind, shown: str) -> tuple[str, str]:
    if kind is Kind.PARENT_CYCLE:
        return f"parents in a circle: {shown}.", f"cơ quan cấp trên quay vòng: {shown}."
    return f"successors in a circle: {shown}.", f"đơn vị kế thừa quay vòng: {shown}."


def _parent_problems(scene: _Scene, agency: Agency) -> Iterator[Problem]:
    parent = scene.agencies.get(agency.parent)
    if parent is None:
        if scene.touched(agency) and agency.parent not in scene.unread:
            yield from _without_parent(scene, agency)
        return
    if not scene.touched(agency, parent) or parent is agency:
        return
    lines = [scene.line(agency), scene.line(parent)]
    if parent.level not in PARENTS[agency.level]:
        yield problem(
            Kind.LEVEL,
            lines,
            "level",
            f"{agency.code} is a {agency.level} and cannot stand under {parent.code}, a {parent.level}.",
            f"{agency.code} ({_vi(agency.level)}) không thể trực thuộc {parent.code} ({_vi(parent.level)}).",
        )
    if gap := _gap(agency, parent):
        yield problem(
            Kind.ORPHAN,
            lines,
            "parent",
            f"{agency.code} ({_life(agency)}) has no parent in {gap}: {parent.code} exists {_life(parent)}.",
            f"{agency.code} ({_life(agency)}) không có cơ quan cấp trên trong {gap}:"
            f" {parent.code} tồn tại {_life(parent)}.",
        )


def _without_parent(scene: _Scene, agency: Agency) -> Iterator[Problem]:
    if agency.parent:
        hint, hint_vi = scene.hint(agency.parent)
        message = f"the parent {agency.parent} of {agency.code} {hint}."
        message_vi = f"cơ quan cấp trên {agency.parent} của {agency.code} {hint_vi}."
    elif agency.level in MAY_STAND_ALONE:
        return
    else:
        message = f"{agency.code} is a {agency.level} and names no parent."
        message_vi = f"{agency.code} ({_vi(agency.level)}) chưa ghi cơ quan cấp trên."
    yield problem(Kind.ORPHAN, [scene.line(agency)], "parent", message, message_vi)


def _gap(agency: Agency, parent: Agency) -> str:
    """The days of ``agency``'s life on which ``parent`` does not exist, in words of days; "" if none."""
    before = agency.valid_from < parent.valid_from
    after = parent.valid_to is not None and (agency.valid_to is None or parent.valid_to < agency.valid_to)
    gaps = []
    if before:
        last = parent.valid_from - timedelta(days=1)
        gaps.append(f"{agency.valid_from}..{min(last, agency.valid_to or last)}")
    if after and parent.valid_to is not None:
        first = max(parent.valid_to + timedelta(days=1), agency.valid_from)
        gaps.append(f"{first}..{agency.valid_to or ''}")
    return ", ".join(dict.fromkeys(gaps))


def _successor_problems(scene: _Scene, agency: Agency) -> Iterator[Problem]:
    if not agency.successor:
        return
    successor = scene.agencies.get(agency.successor)
    if successor is None:
        if scene.touched(agency) and agency.successor not in scene.unread:
            hint, hint_vi = scene.hint(agency.successor)
            yield problem(
                Kind.SUCCESSOR,
                [scene.line(agency)],
                "successor",
                f"the successor {agency.successor} of {agency.code} {hint}.",
                f"đơn vị kế thừa {agency.successor} của {agency.code} {hint_vi}.",
            )
        return
    if not scene.touched(agency, successor) or successor is agency:
        return
    lines = [scene.line(agency), scene.line(successor)]
    if agency.valid_to is None:
        yield problem(
            Kind.SUCCESSOR,
            lines[:1] if lines[0] else lines,
            "valid_to",
            f"{agency.code} has the successor {successor.code} and no last day in valid_to.",
            f"{agency.code} có đơn vị kế thừa {successor.code} nhưng chưa ghi ngày cuối ở valid_to.",
        )
    elif not Directory.is_open(successor, agency.valid_to + timedelta(days=1)):
        yield problem(
            Kind.SUCCESSOR,
            lines,
            "successor",
            f"{successor.code} ({_life(successor)}) does not exist on the day after {agency.code}"
            f" ({_life(agency)}).",
            f"{successor.code} ({_life(successor)}) không tồn tại vào ngày sau khi {agency.code}"
            f" ({_life(agency)}) kết thúc.",
        )


_LEVELS_VI: Mapping[Level, str] = {
    Level.NATIONAL: "trung ương",
    Level.PROVINCE: "tỉnh",
    Level.DEPARTMENT: "sở, ban, ngành",
    Level.DISTRICT: "huyện",
    Level.COMMUNE: "xã",
    Level.UNIT: "đơn vị trực thuộc",
}


def _vi(level: Level) -> str:
    return _LEVELS_VI[level]
