"""What stands against a list of agencies as a whole: no cycles, no overlaps, no orphans.

The rows are judged as they would stand in the directory, among the agencies that are there already
and that the list leaves as they are. Only what a row of the list has a part in is reported.
"""

from collections.abc import Iterator, Sequence

from exchange.core.directory import Agency, Directory, Holding, day_after, holdings
from exchange.core.directory_days import shown
from exchange.core.directory_parents import circles, life, parent_circles, parent_problems
from exchange.core.directory_problems import Kind, Problem, Row, Words, problem
from exchange.core.directory_scene import Scene


def check(
    rows: Sequence[Row], existing: Directory, unread: frozenset[str] = frozenset()
) -> tuple[Problem, ...]:
    """All problems of ``rows`` among the agencies of ``existing`` that they do not replace.

    ``unread`` are codes of agencies that could not be read: nobody is an orphan for want of them.
    """
    scene = Scene(rows, existing, unread)
    return (
        *_lifeless_aliases(rows),
        *_overlaps(scene),
        *parent_circles(scene),
        *_successor_circles(scene),
        *(found for agency in scene.agencies.values() for found in parent_problems(scene, agency)),
        *(found for agency in scene.agencies.values() for found in _successor_problems(scene, agency)),
    )


def _lifeless_aliases(rows: Sequence[Row]) -> Iterator[Problem]:
    for row in rows:
        agency = row.agency
        held = {(each.code, each.since) for each in holdings(agency)}
        for alias in agency.aliases:
            if (alias.code, max(alias.valid_from, agency.valid_from)) not in held:
                days = shown(alias.valid_from, alias.valid_to)
                yield problem(
                    Kind.PERIOD,
                    [row.line],
                    "aliases",
                    Words(
                        f"the alias {alias.code} ({days}) has no day in the life of {agency.code}"
                        f" ({life(agency)}).",
                        f"mã phụ {alias.code} ({days}) không có ngày nào trong thời gian hoạt động của"
                        f" {agency.code} ({life(agency)}).",
                    ),
                    Words("Correct its days, or take it out.", "Sửa ngày, hoặc bỏ mã này."),
                )


# --- codes ---


def _overlaps(scene: Scene) -> Iterator[Problem]:
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


def _overlap(scene: Scene, code: str, one: Holding, other: Holding) -> Problem:
    days = shown(other.since, min(one.until, other.until))
    if one.agency is other.agency:
        wrong = Words(
            f"{one.agency.code} has the code {code} twice in {days}.",
            f"{one.agency.code} có mã {code} hai lần trong {days}.",
        )
        do = Words("Take it out in one place.", "Bỏ bớt một chỗ.")
    else:
        keys = f"{one.agency.code} ({one.agency.name}), {other.agency.code} ({other.agency.name})"
        wrong = Words(
            f"{code} names two agencies in {days}: {keys}.", f"{code} chỉ hai cơ quan trong {days}: {keys}."
        )
        do = Words(
            f"Correct the code, or give it to each for its own days: {code}@from..to in aliases.",
            f"Sửa mã, hoặc ghi ngày cho từng cơ quan ở cột aliases: {code}@từ..đến.",
        )
    lines = [scene.line(one.agency), scene.line(other.agency)]
    return problem(Kind.OVERLAP, lines, "code" if code == one.agency.code else "aliases", wrong, do)


# --- successors ---


def _successor_circles(scene: Scene) -> Iterator[Problem]:
    follows = {code: agency.successors for code, agency in scene.agencies.items() if agency.successors}
    for circle in circles(follows):
        members = [scene.agencies[code] for code in circle]
        if scene.touched(*members):
            way = " → ".join([*circle, circle[0]])
            yield problem(
                Kind.SUCCESSOR_CYCLE,
                map(scene.line, members),
                "successor",
                Words(f"successors in a circle: {way}.", f"đơn vị kế thừa quay vòng: {way}."),
                Words("Correct one of them.", "Sửa một trong các đơn vị kế thừa này."),
            )


def _successor_problems(scene: Scene, agency: Agency) -> Iterator[Problem]:
    for code in agency.successors:
        successor = scene.agencies.get(code)
        if successor is None:
            if scene.touched(agency) and code not in scene.unread:
                yield _unknown_successor(scene, agency, code)
        elif successor is not agency and scene.touched(agency, successor):
            yield from _not_there(scene, agency, successor)


def _unknown_successor(scene: Scene, agency: Agency, code: str) -> Problem:
    lacks, do = scene.missing(code, day_after(agency.valid_to or agency.valid_from))
    wrong = Words(
        f"the successor {code} of {agency.code} {lacks.en}.",
        f"đơn vị kế thừa {code} của {agency.code} {lacks.vi}.",
    )
    return problem(Kind.SUCCESSOR, [scene.line(agency)], "successor", wrong, do)


def _not_there(scene: Scene, agency: Agency, successor: Agency) -> Iterator[Problem]:
    lines = [scene.line(agency), scene.line(successor)]
    if agency.valid_to is None:
        wrong = Words(
            f"{agency.code} has the successor {successor.code} and no last day.",
            f"{agency.code} có đơn vị kế thừa {successor.code} nhưng chưa ghi ngày cuối.",
        )
        do = Words(
            "Write the last day in valid_to, or leave successor empty.",
            "Ghi ngày cuối ở valid_to, hoặc để trống successor.",
        )
        yield problem(Kind.SUCCESSOR, lines[:1] if lines[0] else lines, "valid_to", wrong, do)
    elif not Directory.is_open(successor, day_after(agency.valid_to)):
        wrong = Words(
            f"{successor.code} ({life(successor)}) does not exist on the day after {agency.code}"
            f" ({life(agency)}).",
            f"{successor.code} ({life(successor)}) không tồn tại vào ngày sau khi {agency.code}"
            f" ({life(agency)}) kết thúc.",
        )
        day = day_after(agency.valid_to)
        do = Words(
            f"Name a successor that exists on {day}, or correct the days.",
            f"Ghi đơn vị kế thừa hoạt động vào ngày {day}, hoặc sửa các ngày.",
        )
        yield problem(Kind.SUCCESSOR, lines, "successor", wrong, do)
