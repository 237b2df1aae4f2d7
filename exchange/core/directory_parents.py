"""Who stands under whom, day by day: no orphans, no circles, and levels that fit."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from exchange.core.directory import Agency, Level, Standing, day_after, day_before, standings
from exchange.core.directory_cells import LEVELS_VI
from exchange.core.directory_days import shown
from exchange.core.directory_problems import Kind, Problem, Words, problem
from exchange.core.directory_scene import Scene

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

Graph = Mapping[str, tuple[str, ...]]


def life(agency: Agency) -> str:
    """The days of an agency, for a sentence."""
    return shown(agency.valid_from, agency.valid_to)


# --- circles ---


def circles(graph: Graph) -> Iterator[list[str]]:
    """The ways that come back to where they began, each once; none only if there is no circle."""
    done: set[str] = set()
    for start in graph:
        if start in done:
            continue
        path = {start: iter(graph[start])}
        while path:
            code, onwards = next(reversed(path.items()))
            for other in onwards:
                if other in path:
                    way = list(path)
                    yield way[way.index(other) :]
                elif other in graph and other not in done:
                    path[other] = iter(graph[other])
                    break
            else:
                del path[code]
                done.add(code)


def parent_circles(scene: Scene) -> Iterator[Problem]:
    """Circles as of any day, each on the first one."""
    parents = {
        code: (agency.parent, *(each.parent for each in agency.former))
        for code, agency in scene.agencies.items()
    }
    # Whoever has only parents that stand in no circle stands in none. As a rule nobody is left.
    suspects = [scene.agencies[code] for code in _knotted(parents)]
    told: set[frozenset[str]] = set()
    for day in _days_of_change(suspects):
        for circle in circles({agency.code: (agency.as_of(day).parent,) for agency in suspects}):
            members = [scene.agencies[code] for code in circle]
            if scene.touched(*members) and frozenset(circle) not in told:
                told.add(frozenset(circle))
                yield _parent_circle(scene, members, day)


def _knotted(graph: Graph) -> Graph:
    """Without those from whom every way ends, in turn."""
    while True:
        left = {code: onwards for code, onwards in graph.items() if any(each in graph for each in onwards)}
        if len(left) == len(graph):
            return left
        graph = left


def _days_of_change(agencies: Iterable[Agency]) -> list[date]:
    """The first days on which any of them stands elsewhere than before, from the first of all on."""
    return sorted({date.min, *(day_after(each.until) for agency in agencies for each in agency.former)})


def _parent_circle(scene: Scene, members: list[Agency], day: date) -> Problem:
    way = " → ".join(agency.code for agency in (*members, members[0]))
    first = max(day, *(agency.valid_from for agency in members))
    return problem(
        Kind.PARENT_CYCLE,
        [_line_on(scene, agency, day) for agency in members],
        "parent",
        Words(f"parents in a circle as of {first}: {way}.", f"cơ quan cấp trên quay vòng từ {first}: {way}."),
        Words("Correct one of these parents.", "Sửa một trong các cơ quan cấp trên này."),
    )


def _line_on(scene: Scene, agency: Agency, day: date) -> int:
    gone = sum(each.until < day for each in agency.former)
    return scene.line(agency, gone)


# --- parents that are missing or do not fit ---


def parent_problems(scene: Scene, agency: Agency) -> Iterator[Problem]:
    """What is wrong with the parents of an agency, of all its days."""
    for number, standing in enumerate(standings(agency)):
        line = scene.line(agency, number)
        parent = scene.agencies.get(standing.parent)
        if parent is None:
            if scene.touched(agency) and standing.parent not in scene.unread:
                yield from _without_parent(scene, agency, standing, line)
        elif scene.touched(agency, parent) and parent is not agency:
            yield from _unfit(scene, agency, standing, parent, line)
            if gap := _gap(standing, parent):
                yield _parent_gone(agency, standing, parent, gap, [line, scene.line(parent)])


def _without_parent(scene: Scene, agency: Agency, standing: Standing, line: int) -> Iterator[Problem]:
    if standing.parent:
        lacks, do = scene.missing(standing.parent, standing.since)
        wrong = Words(
            f"the parent {standing.parent} of {agency.code} {lacks.en}.",
            f"cơ quan cấp trên {standing.parent} của {agency.code} {lacks.vi}.",
        )
    elif standing.level in MAY_STAND_ALONE:
        return
    else:
        wrong = Words(
            f"{agency.code} is a {standing.level} and names no parent.",
            f"{agency.code} ({LEVELS_VI[standing.level]}) chưa ghi cơ quan cấp trên.",
        )
        do = Words("Write the key of its parent.", "Ghi mã chính của cơ quan cấp trên.")
    yield problem(Kind.ORPHAN, [line], "parent", wrong, do)


def _unfit(scene: Scene, agency: Agency, standing: Standing, parent: Agency, line: int) -> Iterator[Problem]:
    """Where the level does not fit the parent's on some day, the first time."""
    for number, above in enumerate(standings(parent)):
        apart = _end(above) < standing.since or _end(standing) < above.since
        if not apart and above.level not in PARENTS[standing.level]:
            allowed = sorted(PARENTS[standing.level])
            allowed_vi = " hoặc ".join(LEVELS_VI[level] for level in allowed)
            wrong = Words(
                f"{agency.code} is a {standing.level} and cannot stand under {parent.code}, a {above.level}.",
                f"{agency.code} ({LEVELS_VI[standing.level]}) không thể trực thuộc"
                f" {parent.code} ({LEVELS_VI[above.level]}).",
            )
            do = Words(
                f"Correct a level, or name a parent of the level {' or '.join(allowed)}.",
                f"Sửa cấp, hoặc ghi cơ quan cấp trên thuộc cấp {allowed_vi}.",
            )
            yield problem(Kind.LEVEL, [line, scene.line(parent, number)], "level", wrong, do)
            return


def _parent_gone(
    agency: Agency, standing: Standing, parent: Agency, gap: str, lines: Iterable[int]
) -> Problem:
    days = shown(standing.since, standing.until)
    wrong = Words(
        f"{agency.code} ({days}) has no parent in {gap}: {parent.code} exists {life(parent)}.",
        f"{agency.code} ({days}) không có cơ quan cấp trên trong {gap}:"
        f" {parent.code} tồn tại {life(parent)}.",
    )
    do = Words(
        "Correct the days, or give it another parent for those days, in a line of its own.",
        "Sửa các ngày, hoặc ghi cơ quan cấp trên khác cho những ngày đó ở một dòng riêng.",
    )
    return problem(Kind.ORPHAN, lines, "parent", wrong, do)


def _end(standing: Standing) -> date:
    return standing.until or date.max


def _gap(standing: Standing, parent: Agency) -> str:
    """The days of ``standing`` on which ``parent`` does not exist, in words of days; "" if none."""
    end, parent_end = _end(standing), parent.valid_to or date.max
    gaps = []
    if standing.since < parent.valid_from:
        gaps.append(shown(standing.since, min(day_before(parent.valid_from), end)))
    if parent_end < end:
        gaps.append(shown(max(day_after(parent_end), standing.since), end))
    return ", ".join(dict.fromkeys(gaps))
