"""``exchange adapter`` and ``exchange agency``: an agency's software, tried on the living system."""

import re
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Annotated

import orjson
import typer

from exchange import settings
from exchange.adapter import Reached, Unreachable
from exchange.app import open_database
from exchange.cli.agencies import agency_named
from exchange.cli.say import console, fail, say, table
from exchange.conformance.promises import PROMISES
from exchange.conformance.scaffold import scaffold
from exchange.conformance.trial import Finding, Level, Subject, Verdict, run
from exchange.connections import adapter_names, load_adapter
from exchange.context import clock
from exchange.core.directory import Agency
from exchange.ledger import directory_store
from exchange.ledger.acts import OPERATOR, Act, record_act
from exchange.ledger.database import Database
from exchange.secret import secrets_in

group = typer.Typer(no_args_is_help=True)
adapter = typer.Typer(
    help="Adapters: list, begin a new one, try one on living software.", no_args_is_help=True
)
agency = typer.Typer(help="An agency's software: does it answer?", no_args_is_help=True)
group.add_typer(adapter, name="adapter")
group.add_typer(agency, name="agency")

MARKS = {Verdict.KEPT: "✓", Verdict.BROKEN: "✗", Verdict.UNTRIED: "–"}
LARGE_BYTES = 50_000_000


@agency.command()
def ping(code: Annotated[str, typer.Argument(help="The agency's code, in any form.")]) -> None:
    """Call an agency's software once, changing nothing there. Exit code 1: it does not answer."""
    chosen = settings.load()
    with closing(open_database(chosen)) as database:
        found = _agency(database, code)
    if not found.adapter:
        fail(f"{found.code} chưa kết nối / is not connected (exchange directory show {found.code})")
        raise typer.Exit(1)
    try:
        made = load_adapter(found.adapter, dict(found.options), chosen.adapter_timeout_seconds)
    except ValueError as error:
        fail(f"{found.code} ({found.adapter}): {error}")
        raise typer.Exit(1) from None
    try:
        answer = made.check()
    finally:
        made.close()
    match answer:
        case Reached(words):
            say(f"✓ {found.code} ({found.adapter}): trả lời / answers {words}".rstrip())
        case Unreachable(reason):
            fail(f"{found.code} ({found.adapter}): {reason}")
            raise typer.Exit(1)
        case None:
            say(f"– {found.code} ({found.adapter}): không có gì để gọi / there is nothing to call")


@adapter.command("list")
def list_() -> None:
    """The adapters that there are."""
    for name in adapter_names():
        say(name)


@adapter.command()
def new(
    name: Annotated[str, typer.Argument(help="Lower case, a Python name: m_office.")],
    folder: Annotated[Path, typer.Option(file_okay=False, help="The project's top folder.")] = Path(),
) -> None:
    """Begin an adapter: one file of it and one of its tests, that run and are to be filled in."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name in adapter_names():
        fail(f"“{name}” không dùng được hoặc đã có / is no free name: a-z, 0-9, _")
        raise typer.Exit(1)
    for path, text in scaffold(name).items():
        target = folder / path
        if target.exists() or not target.parent.is_dir():
            fail(f"{target}: đã có, hoặc không có thư mục / is there, or its folder is not")
            raise typer.Exit(1)
        target.write_text(text, "utf-8")
        say(f"{target}")
    say("Đọc tiếp / read on: ADDING_ADAPTERS.md")


@adapter.command("test")
def try_(
    name: Annotated[str, typer.Argument(help="The adapter (exchange adapter list).")] = "",
    options: Annotated[str, typer.Option(help="Its options: JSON, or the name of a file of it.")] = "",
    of: Annotated[str, typer.Option("--agency", help="With this agency's adapter and options instead.")] = "",
    timeout_seconds: Annotated[float, typer.Option(min=0.1)] = 30.0,
    large_bytes: Annotated[int, typer.Option(min=1)] = LARGE_BYTES,
    crowd: Annotated[int, typer.Option(min=2, max=500)] = 200,
) -> None:
    """Try an adapter on living software; with --agency the result is kept in the ledger.

    Leaves documents there whose subject says that they are a test. Exit code 1: a MUST is broken.
    """
    if bool(name) == bool(of):
        fail("cần tên bộ nối hoặc --agency, một trong hai / name an adapter, or --agency: one of both")
        raise typer.Exit(2)
    given = _options(options)
    if not of:
        _judge(_tried(name, given, timeout_seconds, large_bytes, crowd))
        return
    with closing(open_database(settings.load())) as database:
        found = _agency(database, of)
        findings = _tried(found.adapter, {**found.options, **given}, timeout_seconds, large_bytes, crowd)
        record_act(database, _act(found.code, found.adapter, findings))
    _judge(findings)


def _judge(findings: list[Finding]) -> None:
    if any(each.level is Level.MUST and each.verdict is Verdict.BROKEN for each in findings):
        raise typer.Exit(1)


def _tried(
    name: str, options: Mapping[str, object], timeout_seconds: float, large_bytes: int, crowd: int
) -> list[Finding]:
    subject = Subject(
        make=lambda chosen, seconds: load_adapter(name, dict(chosen), seconds),
        options=options,
        timeout_seconds=timeout_seconds,
        large_bytes=large_bytes,
        crowd=crowd,
        secrets=secrets_in(options),
    )
    findings = []
    try:
        with console.status(f"{name}…"):
            findings = list(run(subject, PROMISES, clock()))
    except ValueError as error:
        fail(f"{name}: {error}")
        raise typer.Exit(2) from None
    texts = {each.name: f"{each.vi} / {each.en}" for each in PROMISES}
    table(
        ("", "level", "promise", "s", "found"),
        (
            (MARKS[each.verdict], each.level.value, texts[each.name], f"{each.seconds:.2f}", each.words)
            for each in findings
        ),
    )
    return findings


def _act(code: str, name: str, findings: list[Finding]) -> Act:
    kept = Counter(each.level.value for each in findings if each.verdict is Verdict.KEPT)
    return Act(
        event="adapter_tried",
        at=clock(),
        person=OPERATOR,
        role=OPERATOR,
        agency=code,
        what={
            "adapter": name,
            "kept": dict(kept),
            "broken": [each.name for each in findings if each.verdict is Verdict.BROKEN],
            "untried": [each.name for each in findings if each.verdict is Verdict.UNTRIED],
        },
    )


def _agency(database: Database, code: str) -> Agency:
    key = agency_named(database, code)
    return next(each for each in directory_store.load(database)[1] if each.code == key)


def _options(text: str) -> Mapping[str, object]:
    try:
        content = text if text.lstrip().startswith("{") or not text else Path(text).read_text("utf-8")
        read = orjson.loads(content or "{}")
    except (OSError, ValueError) as error:
        fail(f"--options: không phải JSON, không đọc được / is no JSON, or cannot be read ({error})")
        raise typer.Exit(2) from None
    if not isinstance(read, dict):
        fail("--options: cần một đối tượng JSON / must be a JSON object: {…}")
        raise typer.Exit(2)
    return read
