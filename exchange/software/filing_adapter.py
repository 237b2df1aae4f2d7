"""The way of a document into software that files documents, and back: what such adapters have in common.

A document becomes one place there (an item, a document, a folder) that is found by its key, and in it the
signed original, unchanged, and each attached file. Every step is looked for before it is taken, so an attempt
that died anywhere goes on where it ended. What comes back: the steps of the software's workflow as statuses,
and what a clerk marked to be sent.
"""

import logging
from abc import abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pybase64
from pydantic import SecretStr

from exchange.adapter import (
    AgencyAdapter,
    Collected,
    Delivered,
    Outcome,
    Outgoing,
    Reached,
    Retry,
    StatusReport,
    Unreachable,
)
from exchange.core.filed import Step, Unfit, first_steps, letter
from exchange.core.filing import FiledFile, Filing, filing
from exchange.core.letter import File
from exchange.http_client import HttpClient
from exchange.software.filing_options import FilingOptions, LettersOptions
from exchange.software.json_calls import Calls, Stopped

log = logging.getLogger(__name__)

ORIGINAL: Final = "ban-goc.edxml"  # the name of the signed original
ENDING: Final = ".edxml"  # a file of such a name among those to be sent is signed already, and goes as it is
SEVERAL: Final = "Có nhiều tệp .edxml, chỉ được một. There are several .edxml files; one is allowed."


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where a filed document is in the software's workflow by now."""

    id: str  # how the software names it, for ever
    place: str
    key: str  # Outgoing.key
    state: str
    reported: Collection[str]  # codes


class FilingAdapter(AgencyAdapter):
    """Subclasses say how each step is taken. They raise ``Stopped`` where one cannot be."""

    def __init__(
        self,
        options: Mapping[str, object],
        timeout_seconds: float,
        read: FilingOptions,
        headers: Mapping[str, str],
        letters: LettersOptions | None,
    ) -> None:
        """``headers`` go with every call; the words behind "Authorization" are shown nowhere."""
        super().__init__(options, timeout_seconds)
        self.states = read.states
        self._reported = read.reported
        self._names = letters.names if letters else {}
        words = headers["Authorization"].partition(" ")[2]
        self.client = HttpClient(
            read.url, connections=read.connections, ca_file=read.ca_file, secrets=[words, *_said_in(words)]
        )
        self._headers = {name: SecretStr(value) for name, value in headers.items()}

    def calls(self) -> Calls:
        """Calls that must end within the time limit from now."""
        headers = {name: value.get_secret_value() for name, value in self._headers.items()}
        return Calls(self.client, headers, self.timeout_seconds)

    def close(self) -> None:
        """Close the kept connections."""
        self.client.close()

    def tag(self, code: str) -> str:
        """What marks a document whose status was sent."""
        return self._reported.replace("{code}", code)

    # what a subclass gives

    @abstractmethod
    def found(self, calls: Calls, key: str, since: datetime | None) -> str:
        """The place that the document of this key has; "" where it has none. Not older than ``since``."""

    @abstractmethod
    def held(self, calls: Calls, place: str) -> Collection[str]:
        """The names of the files that lie there, as ``add`` was given them."""

    @abstractmethod
    def create(self, calls: Calls, outgoing: Outgoing, filed: Filing) -> str:
        """Make the place, with the document's fields."""

    def alone(self, calls: Calls, key: str) -> AbstractContextManager[None]:  # noqa: ARG002
        """Keep other threads from the same key, where the software itself would take it twice."""
        return nullcontext()

    def describe(self, calls: Calls, place: str, filed: Filing) -> None:  # noqa: ARG002
        """Write the document's fields where ``create`` cannot; again where an attempt died before that."""
        return

    def settle(self, calls: Calls, place: str, files: Mapping[str, FiledFile]) -> None:  # noqa: ARG002
        """Wait until all these files lie there, by their names, where ``add`` does not."""
        return

    @abstractmethod
    def add(self, calls: Calls, place: str, name: str, file: FiledFile) -> None:
        """Put one file there, whole; one of that name that is there by now is as good."""

    @abstractmethod
    def original(self, calls: Calls, place: str) -> bytes:
        """The signed original that lies there."""

    @abstractmethod
    def stages(self) -> Iterable[Stage]:
        """Filed documents whose state means a code; at least those that changed since the last look."""

    @abstractmethod
    def steps(self, calls: Calls, stage: Stage) -> Iterable[Step]:
        """The steps of one document's workflow."""

    @abstractmethod
    def reported(self, calls: Calls, item: str, code: str) -> None:
        """Mark that the status was sent, for ``Stage.reported``."""

    @abstractmethod
    def marked(self) -> Iterable[str]:
        """The ids of what clerks marked to be sent."""

    @abstractmethod
    def values(self, calls: Calls, item: str) -> Mapping[str, object]:
        """The fields of one of these, by their names."""

    @abstractmethod
    def files(self, calls: Calls, item: str) -> tuple[File, ...]:
        """Its files; raises ``Unfit``."""

    @abstractmethod
    def answered(self, calls: Calls, item: str, reasons: Sequence[str]) -> None:
        """If it is marked to be sent still: mark that it was accepted or, for reasons, refused.

        The clerk reads the reasons there.
        """

    @abstractmethod
    def reached(self, calls: Calls) -> str:
        """Call what must be there, changing nothing; what answered, in words."""

    # what they have in common

    def deliver(self, outgoing: Outgoing) -> Outcome:
        """File one document under its key."""
        calls = self.calls()
        try:
            with self.alone(calls, outgoing.key):
                return self._delivered(calls, outgoing)
        except Stopped as stopped:
            return stopped.verdict

    def _delivered(self, calls: Calls, outgoing: Outgoing) -> Outcome:
        place = self.found(calls, outgoing.key, outgoing.accepted_at)
        held = self.held(calls, place) if place else ()
        if ORIGINAL in held and self.original(calls, place) != outgoing.content:
            return Retry(f"{place} holds another original")
        filed = filing(outgoing.content)
        # After a crash here the place is found by its key, and what is missing in it is added.
        place = place or self.create(calls, outgoing, filed)
        if ORIGINAL not in held:
            self.describe(calls, place, filed)
        files = {name: file for name, file in _files(outgoing, filed).items() if file.content}
        for name, file in files.items():
            if name not in held:
                self.add(calls, place, name, file)
        self.settle(calls, place, files)
        return Delivered(place)

    def collect(self) -> Iterator[Collected]:
        """The statuses that were not reported yet, then what clerks marked to be sent."""
        for look in (self._statuses, self._letters):
            try:
                yield from look()
            except Stopped as stopped:
                log.warning("nothing can be collected: %s", stopped)

    def collected(self, key: str) -> None:
        """Mark a status as reported, a document as sent."""
        self._tell(key, ())

    def refused(self, key: str, reasons: Sequence[str]) -> None:
        """Give a document back with the reasons; a status is not reported again."""
        self._tell(key, reasons)

    def check(self) -> Reached | Unreachable:
        """Call the software once or twice, reading only."""
        try:
            return Reached(self.reached(self.calls()))
        except Stopped as stopped:
            return Unreachable(str(stopped))

    def stored(self, key: str) -> bytes | None:
        """The original that lies under this key; an empty one lies nowhere, and is read as empty."""
        calls = self.calls()
        try:
            place = self.found(calls, key, None)
            if not place:
                return None
            return self.original(calls, place) if ORIGINAL in self.held(calls, place) else b""
        except Stopped:
            return None

    def _statuses(self) -> Iterator[Collected]:
        for stage in self.stages():
            if self.states[stage.state] in stage.reported:
                continue
            try:
                first = first_steps(self.steps(self.calls(), stage), self.states)
            except Stopped as stopped:
                log.warning("the state of %s cannot be read: %s", stage.place, stopped)
                continue
            for code, step in first.items():
                if code not in stage.reported:
                    yield Collected(key=f"{stage.id}:{code}", content=_report(stage.key, code, step))

    def _letters(self) -> Iterator[Collected]:
        for item in self.marked():
            try:
                files = self.files(self.calls(), item)
                signed = [each.content for each in files if each.name.lower().endswith(ENDING)]
                if len(signed) > 1:  # one would be sent, and all be marked as sent
                    raise Unfit((SEVERAL,))
                if signed:
                    yield Collected(key=item, content=signed[0])
                    continue
                values, names = self.values(self.calls(), item), self._names
                found = {ours: values.get(theirs) for ours, theirs in names.items()}
                yield Collected(key=item, content=letter(found, files, names))
            except Unfit as unfit:
                self.refused(item, unfit.reasons)
            except Stopped as stopped:
                log.warning("%s cannot be read: %s", item, stopped)

    def _tell(self, key: str, reasons: Sequence[str]) -> None:
        item, _, code = key.partition(":")
        calls = self.calls()
        try:
            if code:
                if reasons:
                    log.warning("the status %s of %s was refused: %s", code, item, " ".join(reasons))
                self.reported(calls, item, code)
            else:
                self.answered(calls, item, reasons)
        except Stopped as stopped:
            # It will be collected again, and known; what comes after it must not wait.
            log.warning("%s cannot be marked: %s", key, stopped)


def _files(outgoing: Outgoing, filed: Filing) -> dict[str, FiledFile]:
    """What is filed, under the names that it has there."""
    original = FiledFile(
        name=f"{outgoing.kind}.edxml", content_type="application/xml", content=outgoing.content
    )
    attached = {f"tep-{number}": each for number, each in enumerate(filed.files, 1)}
    return {ORIGINAL: original, **attached}


def _report(key: str, code: str, step: Step) -> StatusReport:
    return StatusReport(delivery=key, code=code, at=step.at, words=step.words, staff=step.actor)


def basic(user: str, password: str) -> str:
    """RFC 7617."""
    return f"Basic {pybase64.b64encode(f'{user}:{password}'.encode()).decode()}"


def _said_in(words: str) -> list[str]:
    """The password in what ``basic`` wrote."""
    try:
        return [pybase64.b64decode(words, validate=True).decode().partition(":")[2]]
    except ValueError:
        return []
