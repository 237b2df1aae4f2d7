"""``recount``: whether a report's figures are those of the ledger that it names.

In this order: the report's checkpoint and who signed it; whether the leaves of the mirror lead to its root;
whether each opened entry is the one that its leaf commits to, and none is missing; the fold over them all;
and every figure against what the same fold gives. Without opened entries it says what leaves alone can tell.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from exchange.audit import checkpoints, ledger
from exchange.audit.anchors import Anchors
from exchange.audit.checkpoints import Signed
from exchange.audit.finding import Finding, Report, refuses
from exchange.audit.folding import Folding, folding
from exchange.audit.ledger import CHECKPOINT
from exchange.audit.opening import Entries, EntryMissing
from exchange.audit.recount_figures import differences, figures
from exchange.audit.recount_leaves import LeafCount
from exchange.audit.words import finding, unreadable
from exchange.core import leaf as leaves
from exchange.core import report as reports
from exchange.core import report_json
from exchange.core.leaf import NotALeaf, NotCommitted
from exchange.core.merkle import Growing, leaf_hash
from exchange.core.note import NotANote
from exchange.core.opened import KINDS, NotOpened
from exchange.core.report_json import NotAReport
from exchange.core.report_lines import Material, whole
from exchange.core.report_making import make
from exchange.core.report_slices import Gathered, slices
from exchange.core.structure import Structure
from exchange.core.tiles import TILE_WIDTH, NotATile, entries_path, width_at
from exchange.core.working_days import Calendar

REPORT_BYTES_MAX = 64_000_000
_SHOWN = 5  # differences that are named one by one


def recount(path: Path, mirror: Path, entries: Path | None, anchors: Anchors) -> Report:
    """What was found; raises ``OSError`` for a file or mirror that cannot be read."""
    if path.stat().st_size > REPORT_BYTES_MAX:
        return unreadable("too_large", limit=REPORT_BYTES_MAX)
    try:
        report = report_json.read(path.read_bytes())
    except NotAReport as error:
        return unreadable("report_form", why=error)
    name = path.name
    signed, findings = checkpoints.check(report.basis.note, name, anchors)
    if signed is None:
        return Report(kind="report", findings=tuple(findings), readable=False)
    findings += _of_checkpoint(report, signed, name)
    if not refuses(findings):
        findings += _counted(report, signed, mirror, entries)
    return Report(kind="report", findings=tuple(findings), facts=report_json.as_values(report))


def _of_checkpoint(report: reports.Report, signed: Signed, name: str) -> list[Finding]:
    """The report says of its checkpoint what stands in it."""
    basis, checkpoint = report.basis, signed.checkpoint
    claimed = (basis.origin, basis.size, basis.root)
    written = (checkpoint.origin, checkpoint.size, checkpoint.root.hex())
    if claimed != written or basis.leaves > basis.size:
        return [finding("report_basis_wrong", name)]
    moved = _moved(report)
    return [finding("report_places_wrong", name, agency=moved)] if moved else []


def _moved(report: reports.Report) -> str:
    """An agency whose figures of then stand under another's name; "" if there is none."""
    if report.question.structure is Structure.NOW:
        return ""
    places = (item for span in report.spans for item in span.places.items())
    return next((key for key, place in places if place.key != key), "")


@dataclass(slots=True)
class _Walk:
    """What the leaves give, on the way through them."""

    folding: Folding
    alone: LeafCount = field(default_factory=LeafCount)
    erased: int = 0


def _counted(report: reports.Report, signed: Signed, mirror: Path, entries: Path | None) -> list[Finding]:
    size = signed.checkpoint.size
    held = _held(mirror)
    if held < size:
        return [finding("mirror_too_short", held=held, size=size)]
    wanted = slices(report.question, [span.period for span in _spans(report)])
    with folding(wanted, report.calendar or Calendar()) as folded, Entries.opened(entries) as opened:
        walk = _Walk(folded)
        if (wrong := _walked(walk, opened, report, signed, _contents(mirror, held, size))) is not None:
            return [wrong]
        findings = [finding("report_leaves", count=size)]
        if opened is None:
            return [*findings, *walk.alone.compared(report)]
        return [*findings, *_compared(report, walk)]


def _walked(
    walk: _Walk, opened: Entries | None, report: reports.Report, signed: Signed, contents: Iterable[bytes]
) -> Finding | None:
    """What is wrong with the leaves, or with what was opened of them."""
    tree = Growing(0, [])
    try:
        for index, content in enumerate(contents):
            tree.add(leaf_hash(content))
            if index < report.basis.leaves:
                _take(walk, opened, index, content)
        if opened is not None:
            opened.end()
    except EntryMissing as missing:
        return finding("entry_missing", index=missing.index, event=missing.event)
    except NotCommitted:
        return finding("entry_changed", index=tree.size - 1)
    except NotOpened as error:
        return finding("entries_form", line=opened.line if opened else 0, why=error)
    except (NotATile, NotALeaf) as error:
        return finding("mirror_damaged", index=tree.size, why=error)
    root = signed.checkpoint.root
    if tree.root != root:
        return finding("report_other_leaves", found=tree.root.hex(), root=root.hex())
    return None


def _held(mirror: Path) -> int:
    """How many leaves the mirror has."""
    try:
        return checkpoints.read((mirror / CHECKPOINT).read_text("utf-8")).checkpoint.size
    except (NotANote, UnicodeDecodeError) as error:
        raise OSError(f"{mirror}: {error}") from None


def _contents(mirror: Path, held: int, size: int) -> Iterator[bytes]:
    for number in range(-(-size // TILE_WIDTH)):
        content = (mirror / entries_path(number, width_at(0, number, held))).read_bytes()
        yield from ledger.read_bundle(content, number, held)[: size - number * TILE_WIDTH]


def _take(walk: _Walk, opened: Entries | None, index: int, content: bytes) -> None:
    """Raise ``EntryMissing``, ``NotCommitted``, ``NotOpened`` or ``NotALeaf``."""
    leaf = leaves.decode(content)
    walk.alone.add(leaf)
    if opened is None or leaf.event not in KINDS:
        return
    entry = opened.take(index, leaf.event)
    if entry.erased:
        walk.erased += 1
        return
    leaves.check_details(leaf, entry.salt, entry.details)
    event = walk.folding.reading.event(leaf, entry.details)
    if event is not None:
        walk.folding.add(event)


# --- the figures ---


def _compared(report: reports.Report, walk: _Walk) -> list[Finding]:
    again = _again(report, walk.folding.gathered())
    found = list(differences(report, again))
    if found:
        refused = [
            finding("figure_differs", where=each.where, claimed=each.claimed, found=each.found)
            for each in found[:_SHOWN]
        ]
        return [*refused, finding("figures_differ", count=len(found))]
    findings = [
        finding("figures_same", figures=figures(report), entries=walk.folding.events),
        finding("not_recounted"),
    ]
    if walk.erased:
        findings.append(finding("entries_erased", count=walk.erased))
    if strangers := walk.folding.reading.strangers:
        findings.append(finding("entries_before", count=strangers))
    return findings


def _spans(report: reports.Report) -> tuple[reports.Span, ...]:
    return report.spans or whole(report.question.period)


def _again(report: reports.Report, gathered: Gathered) -> reports.Report:
    """The report, made again by the same code out of the entries."""
    return make(
        Material(
            question=report.question,
            made_at=report.made_at,
            basis=report.basis,
            gathered=gathered,
            spans=_spans(report),
            expected=report.reporting,
            targets=report.targets,
            calendar=report.calendar,
        )
    )
