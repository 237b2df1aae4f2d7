"""The directory as a plan changes it, step by step. What cannot be done is a problem with its line."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from exchange.core.codes import normalise
from exchange.core.directory import Agency, Alias, Directory, Former, day_before, standings
from exchange.core.directory_codes import qd20_alias
from exchange.core.directory_problems import Kind, Problem, Row, Words, problem
from exchange.core.directory_scene import Scene
from exchange.core.reorganisation_file import CLOSES, Action, Step

_CORRECT = Words("Correct the plan.", "Sửa kế hoạch.")
_CORRECT_DAY = Words(
    "Correct the code or the day: the first one of what is new.",
    "Sửa mã hoặc ngày: đó là ngày đầu tiên có hiệu lực.",
)


@dataclass(slots=True)
class Draft:
    """The agencies that change; each with the lines of the plan for the first days of its standings."""

    existing: Directory
    created: Mapping[str, tuple[str, date]]  # by every code that the plan gives: key and first day
    agencies: dict[str, Agency] = field(default_factory=dict)  # changed or created, by key
    lines: dict[str, dict[date, int]] = field(default_factory=dict)
    ends: dict[str, int] = field(default_factory=dict)  # the lines that close an agency
    problems: list[Problem] = field(default_factory=list)
    _told: dict[tuple[str, date, str], int] = field(default_factory=dict)

    def take(self, step: Step) -> str:
        """One step; the key of its agency, "" if it cannot be taken. What is done already changes nothing."""
        if step.action is Action.CREATE:
            return self._create(step)
        agency = self._agency(step)
        if agency is None or self._twice(step, agency.code):
            return ""
        if step.action is Action.RENAME:
            return self._stand(step, agency, name=step.name)
        if step.action is Action.MOVE:
            parent = self._key(step, step.parent, "parent", step.day)
            level = step.level or agency.as_of(step.day).level
            return self._stand(step, agency, parent=parent, level=level) if parent else ""
        return self._close(step, agency)

    def rows(self) -> tuple[Row, ...]:
        """The changed agencies, with the plan's lines; 0 where a line of another time made a standing."""
        return tuple(self._row(agency) for agency in self.agencies.values())

    def now(self, key: str) -> Agency | None:
        """An agency as it stands by now."""
        return self.agencies.get(key) or self.existing.get(key)

    def _row(self, agency: Agency) -> Row:
        lines = [self.lines.get(agency.code, {}).get(each.since, 0) for each in standings(agency)]
        lines[-1] = self.ends.get(agency.code, 0) or lines[-1]
        return Row(lines=tuple(lines), agency=agency)

    # --- whom a code means ---

    def _key(self, step: Step, written: str, column: str, on: date) -> str:
        """The key of the agency that a code means on a day; a problem, and "", if there is none."""
        code = normalise(written)
        found = self.existing.find(code, on) or self.existing.get(code)
        if found is not None:
            return found.code
        if code in self.created:
            return self.created[code][0]
        lacks, do = Scene((), self.existing, frozenset()).missing(code, step.day)
        kind = {"parent": Kind.ORPHAN, "successors": Kind.SUCCESSOR}.get(column, Kind.VALUE)
        wrong = Words(f"{code} {lacks.en}.", f"{code} {lacks.vi}.")
        return self._against(step, kind, column, wrong, do)

    def _agency(self, step: Step) -> Agency | None:
        """The agency that the step is about, as of the day before; a problem if there is none."""
        key = self._key(step, step.agency, "agency", day_before(step.day))
        agency = self.now(key)
        if key and agency is None:
            self._begins(step, key, self.created[key][1])
        return agency

    def _begins(self, step: Step, key: str, day: date) -> None:
        wrong = Words(f"{key} begins on {day}.", f"{key} chỉ bắt đầu ngày {day}.")
        self._against(step, Kind.PERIOD, "agency", wrong, _CORRECT_DAY)

    def _twice(self, step: Step, key: str) -> bool:
        """Whether an earlier line tells the same of this agency; a problem."""
        word = "end" if step.action in CLOSES else step.action.value
        first = self._told.setdefault((key, step.day, word), step.line)
        if first == step.line:
            return False
        wrong = Words(
            f"line {first} has a word on {key} already.", f"dòng {first} đã ghi việc cho {key} rồi."
        )
        do = Words("Delete one of the two.", "Xóa một trong hai dòng.")
        self._against(step, Kind.OVERLAP, "agency", wrong, do)
        return True

    def _against(self, step: Step, kind: Kind, column: str, wrong: Words, do: Words = _CORRECT) -> str:
        self.problems.append(problem(kind, [step.line], column, wrong, do))
        return ""

    # --- what happens to it ---

    def _create(self, step: Step) -> str:
        code = normalise(step.agency)
        parent = self._key(step, step.parent, "parent", step.day) if step.parent else ""
        if self._twice(step, code) or (step.parent and not parent):
            return ""
        assert step.level is not None
        aliases: tuple[Alias, ...] = ()
        if step.code_qd20:
            aliases = (qd20_alias(step.code_qd20, step.day, None),)
        new = Agency(
            code=code,
            name=step.name,
            level=step.level,
            parent=parent,
            valid_from=step.day,
            aliases=aliases,
            adapter=step.adapter,
        )
        return self._add(step, new)

    def _add(self, step: Step, new: Agency) -> str:
        before = self.existing.get(new.code)
        if before is None:
            self.agencies[new.code] = new
            self.lines[new.code] = {step.day: step.line}
            return new.code
        was = before.as_of(step.day)
        same = (was.name, was.level, was.parent) == (new.name, new.level, new.parent)
        if same and before.valid_from == step.day:
            return new.code
        wrong = Words(
            f"{new.code} ({before.name}) exists already.", f"{new.code} ({before.name}) đã có trong danh bạ."
        )
        do = Words("Give the new agency a code of its own.", "Cấp cho cơ quan mới một mã riêng.")
        return self._against(step, Kind.OVERLAP, "agency", wrong, do)

    def _stand(self, step: Step, agency: Agency, **changes: object) -> str:
        """From the step's day on the agency is called or stands otherwise."""
        if not self._there(step, agency, step.day):
            return ""
        is_ = agency.as_of(step.day)
        if all(getattr(is_, name) == value for name, value in changes.items()):
            return agency.code
        newest = standings(agency)[-1]
        if newest.since > step.day:
            wrong = Words(
                f"{agency.code} changes again on {newest.since}.",
                f"{agency.code} lại thay đổi từ ngày {newest.since}.",
            )
            return self._against(step, Kind.PERIOD, "date", wrong)
        former = agency.former
        if newest.since < step.day:
            was = Former(
                until=day_before(step.day), name=agency.name, level=agency.level, parent=agency.parent
            )
            former = (*former, was)
        self.agencies[agency.code] = replace(agency, former=former, **changes)  # type: ignore[arg-type]
        self.lines.setdefault(agency.code, {})[step.day] = step.line
        return agency.code

    def _close(self, step: Step, agency: Agency) -> str:
        """Its last day is the one before the step's."""
        last = day_before(step.day)
        following = [self._key(step, each, "successors", step.day) for each in step.successors]
        successors = tuple(dict.fromkeys(following))
        if not all(following) or not self._there(step, agency, last):
            return ""
        self.ends[agency.code] = step.line
        if agency.valid_to is not None:
            return self._closed_already(step, agency, last, successors)
        if agency.former and day_before(step.day) <= agency.former[-1].until:
            wrong = Words(
                f"{agency.code} changes after that day.", f"{agency.code} còn thay đổi sau ngày đó."
            )
            return self._against(step, Kind.PERIOD, "date", wrong)
        self.agencies[agency.code] = replace(
            agency,
            valid_to=last,
            successors=successors,
            aliases=tuple(
                alias if alias.valid_to else replace(alias, valid_to=last) for alias in agency.aliases
            ),
        )
        return agency.code

    def _closed_already(self, step: Step, agency: Agency, last: date, successors: tuple[str, ...]) -> str:
        if agency.valid_to == last and set(agency.successors) == set(successors):
            return agency.code
        listed = ", ".join(agency.successors)
        wrong = Words(
            f"{agency.code} ends on {agency.valid_to}, followed by {listed or 'nobody'}.",
            f"{agency.code} kết thúc ngày {agency.valid_to}, kế thừa: {listed or 'không có'}.",
        )
        return self._against(step, Kind.OVERLAP, "agency", wrong)

    def _there(self, step: Step, agency: Agency, day: date) -> bool:
        """Whether the agency exists on a day; a problem if not."""
        if Directory.is_open(agency, day):
            return True
        if agency.valid_from > day:
            self._begins(step, agency.code, agency.valid_from)
            return False
        wrong = Words(
            f"{agency.code} ended on {agency.valid_to}.",
            f"{agency.code} đã kết thúc ngày {agency.valid_to}.",
        )
        self._against(step, Kind.PERIOD, "agency", wrong, _CORRECT_DAY)
        return False
