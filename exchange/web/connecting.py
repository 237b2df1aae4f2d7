"""What can be told of an agency's connection without sending it anything: its software is called, and
nothing is changed there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from exchange.adapter import Reached, Unreachable
from exchange.connections import load_adapter
from exchange.context import Context, today
from exchange.core.directory import Agency, Directory
from exchange.core.expiry import end_of
from exchange.core.standing import shown
from exchange.ledger import reading, watching
from exchange.web.rendering import moment
from exchange.web.texts import said

LATELY = timedelta(days=1)
CALL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Tried:
    """One thing that was looked at: ``good``, ``bad`` or ``unknown``; a sentence that says what was found."""

    result: str
    text: str


def try_out(context: Context, agency: Agency, language: str) -> tuple[Tried, ...]:
    """Everything that is known now, in the order in which it would be mended."""
    return tuple(
        Tried(result, said(f"test.{about}.{result}", language, **values))
        for about, result, values in _looked(context, agency)
    )


def _looked(context: Context, agency: Agency) -> Iterator[tuple[str, str, dict[str, object]]]:
    now, day = context.now(), today(context.now())
    yield "open", _good(Directory.is_open(agency, day)), {}
    yield "connected", _good(bool(agency.adapter)), {}
    verdicts = context.registry.current.verdicts
    ends = [
        end_of(each)
        for each in agency.certificates
        if each.valid_from <= now < end_of(each) and shown(verdicts.get(each.fingerprint), now) != "revoked"
    ]
    yield "certificate", _good(bool(ends)), {"at": moment(max(ends))} if ends else {}
    tokens = [each for each in context.registry.current.tokens.values() if each.agency == agency.code]
    active = sum(each.active(now) for each in tokens)
    yield "token", _good(active > 0), {"count": active} if active else {}
    yield _contact(context, agency)
    if agency.adapter:
        yield _answers(context, agency)


def _answers(context: Context, agency: Agency) -> tuple[str, str, dict[str, object]]:
    """A person waits for this page: the software has less time than for a document."""
    seconds = min(CALL_SECONDS, context.settings.adapter_timeout_seconds)
    try:
        adapter = load_adapter(agency.adapter, dict(agency.options), seconds)
    except ValueError as error:
        return "software", "bad", {"words": str(error)}
    try:
        found = adapter.check()
    # What an adapter of a vendor's raises is his fault, and is told as that.
    except Exception as error:
        return "software", "bad", {"words": type(error).__name__}
    finally:
        adapter.close()
    match found:
        case Reached(words):
            return "software", "good", {"words": words or "…"}
        case Unreachable(reason):
            return "software", "bad", {"words": reason}
    return "software", "unknown", {}


def _good(holds: bool) -> str:
    return "good" if holds else "bad"


def _contact(context: Context, agency: Agency) -> tuple[str, str, dict[str, object]]:
    failing = reading.waiting_since(context.database, [agency.code]).get(agency.code)
    last = watching.contact(context.database, agency.code, 0).last
    if failing is not None and (last is None or last < failing):
        return "contact", "bad", {"at": moment(failing)}
    if last is not None and context.now() - last <= LATELY:
        return "contact", "good", {"at": moment(last)}
    return "contact", "unknown", {}
