"""Two reports side by side: the one that is claimed, and the one that was counted again."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import zip_longest

from exchange.core.report import Report, Row, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One figure that is not the same."""

    where: str
    claimed: object
    found: object


def differences(claimed: Report, again: Report) -> Iterator[Difference]:
    """All that is not the same; names of agencies are not compared."""
    if claimed.columns != again.columns:
        yield Difference(where="columns", claimed=claimed.columns, found=again.columns)
        return
    yield from _of_values("total", claimed.columns, claimed.total, again.total)
    yield from _of_rows(claimed, again)
    yield from _of_mappings(
        "forecast",
        {} if claimed.forecast is None else asdict(claimed.forecast),
        {} if again.forecast is None else asdict(again.forecast),
    )
    months = {each.code: each.months for each in again.reporting}
    yield from _of_mappings("paper_months", {each.code: each.months for each in claimed.reporting}, months)


def figures(report: Report) -> int:
    """How many figures it has."""
    return (len(report.rows) + 1) * len(report.columns) + len(report.reporting)


def _of_rows(claimed: Report, again: Report) -> Iterator[Difference]:
    for one, other in zip_longest(claimed.rows, again.rows):
        if one is None or other is None or one.key != other.key:
            yield Difference(where="rows", claimed=_keyed(one), found=_keyed(other))
            return
        yield from _of_values(" ".join(one.key), claimed.columns, one.values, other.values)


def _keyed(row: Row | None) -> str:
    return "–" if row is None else " ".join(row.key)


def _of_values(
    where: str, columns: tuple[str, ...], claimed: tuple[Value, ...], found: tuple[Value, ...]
) -> Iterator[Difference]:
    for column, one, other in zip(columns, claimed, found, strict=True):
        if one != other:
            yield Difference(where=f"{where}: {column}", claimed=one, found=other)


def _of_mappings(
    where: str, claimed: Mapping[str, object], found: Mapping[str, object]
) -> Iterator[Difference]:
    for key in dict.fromkeys([*claimed, *found]):
        if claimed.get(key) != found.get(key):
            yield Difference(where=f"{where}: {key}", claimed=claimed.get(key), found=found.get(key))
