"""Mayan EDMS 4: documents are filed with metadata, states of a workflow are read back, letters collected.

A message becomes one document of the type ``type``: its metadata, the signed original ``ban-goc.edxml``,
unchanged, and each attached file as one of its files. The last line of its description is ``edxml-<key>``: by
that it is found again. Mayan has no names that are there once only, and its search lags behind; so the newest
documents of the type are read through, back to the moment when the message was accepted.

==================================================  =================================================
what Mayan answers                                  verdict
==================================================  =================================================
a document with ``edxml-<key>`` is found            what is missing in it is added: ``Delivered``
it is found with another original                   ``Retry``: a person must look at it
201 for the document, 202 for each file, and the    ``Delivered``, reference: the document's number.
files are listed                                    202 alone is a promise of Mayan's workers
the files are not listed in time                    ``Retry``: they are looked for the next time
no document type, workflow or state of that name    ``Retry``: it is to be made
400 and other 4xx                                   ``Refused``, ``http_<status>``, their words
401, 403, 404, 405, 407, 421                        ``Retry``: address, token or rights
3xx (never followed), 408, 425, 429, 5xx            ``Retry``, ``Retry-After`` is honoured
no answer, no JSON, JSON of another form            ``Retry``
==================================================  =================================================

Mayan takes no empty file: an empty attachment is in the signed original alone. A kill between the 202 and
the moment when the file is listed may leave that file twice in the one document.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from threading import Lock
from time import sleep
from typing import ClassVar, Final, Generic, TypeVar
from urllib.parse import urlsplit

from pydantic import AwareDatetime, BaseModel, Field
from urllib3 import encode_multipart_formdata

from exchange.adapter import Outgoing, Retry
from exchange.core.filed import (
    Step,
    key_of,
    mapped,
    mark,
    safe_name,
    too_large,
)
from exchange.core.filing import FiledFile, Filing
from exchange.core.letter import File
from exchange.secret import SecretSource, secret
from exchange.software.filing_adapter import ORIGINAL, FilingAdapter, Stage
from exchange.software.filing_options import FilingOptions, LettersOptions, States
from exchange.software.json_calls import Calls, Stopped

MARK: Final = "edxml-"
PAGE: Final = 100  # the most that Mayan gives
KNOWN_MAX: Final = 20_000  # keys that are remembered; beyond, the newest documents are read again
OVERLAP: Final = 50  # documents that may become visible after later ones: those made at the same time
LABEL_MAX: Final = 200
CLOCKS: Final = timedelta(minutes=10)  # that two machines differ by at most
LONG_AGO: Final = datetime(1970, 1, 2, tzinfo=UTC)
POLL_SECONDS: Final = 0.1
FILE_FIELDS: Final = "&_fields_only=id,filename,size,checksum"


class MayanLetters(LettersOptions):
    """Which documents are to be sent, and how they are marked."""

    workflow: str = "Văn bản đi"  # labels, here and below
    state: str = "Chờ gửi"  # a clerk brought the document there
    sent: str = "Đã gửi"  # the transition after the acceptance
    refused: str = "Trả lại"  # the transition after a refusal, with the reasons as its comment
    title: ClassVar[str] = "label"


class MayanOptions(FilingOptions):
    """``url`` is that of the installation."""

    token: SecretSource
    type: str = "Văn bản đến"
    workflow: str = "Văn bản đến"
    states: States = Field(
        default={"Đã tiếp nhận": "03", "Đang xử lý": "05", "Hoàn thành": "06", "Từ chối": "02"}
    )
    outgoing: MayanLetters | None = None


Shape = TypeVar("Shape", bound=BaseModel)


class _Named(BaseModel):
    id: int
    label: str = ""
    name: str = ""


class _Document(BaseModel):
    id: int
    description: str
    datetime_created: AwareDatetime

    @property
    def key(self) -> str:
        last = self.description.rstrip().rpartition("\n")[2].strip()
        return key_of(last.removeprefix(MARK)) if last.startswith(MARK) else ""


class _File(BaseModel):
    id: int
    filename: str
    size: int | None = None
    checksum: str | None = None  # SHA-256, once the file is whole

    @property
    def name(self) -> str:
        """As ``add`` was given it."""
        return self.filename if self.filename == ORIGINAL else self.filename.partition(" ")[0]


class _Type(BaseModel):
    metadata_type: _Named


class _Metadata(BaseModel):
    metadata_type: _Named
    value: str | None


class _Instance(BaseModel):
    id: int
    workflow_template: _Named
    current_state: _Named | None


class _Transition(BaseModel):
    id: int
    label: str
    destination_state: _Named


class _User(BaseModel):
    username: str


class _Entry(BaseModel):
    datetime: AwareDatetime
    comment: str | None
    user: _User | None
    transition: _Transition | None


class _Page(BaseModel, Generic[Shape]):
    next: str | None
    results: list[Shape]


class Adapter(FilingAdapter):
    """One installation. Places and ids are documents' numbers."""

    def __init__(self, options: Mapping[str, object], timeout_seconds: float) -> None:
        self._read = read = MayanOptions.read(options)
        headers = {"Accept": "application/json", "Authorization": f"Token {secret('token', read.token)}"}
        super().__init__(options, timeout_seconds, read, headers, read.outgoing)
        self._api = urlsplit(read.url).path.rstrip("/") + "/api/v4"
        self._ids: dict[tuple[str, str], int] = {}
        self._looking = Lock()
        self._keys = [Lock() for _ in range(256)]  # of one key always the same
        self._known: dict[str, int] = {}
        self._newest, self._covered = 0, datetime.max.replace(tzinfo=UTC)
        self._sent_up: set[tuple[str, str]] = set()  # files that Mayan's workers have not listed yet
        self._told: dict[int, set[str]] = {}

    def reached(self, calls: Calls) -> str:
        """The document type, which needs the token and the name to be right."""
        self._id(calls, "document_types", self._read.type)
        return f"Mayan EDMS: {self._read.type}"

    # filing

    def alone(self, calls: Calls, key: str) -> AbstractContextManager[None]:
        """Mayan would take it twice."""
        return calls.alone(self._keys[hash(key) % len(self._keys)])

    def found(self, calls: Calls, key: str, since: datetime | None) -> str:
        """By the last line of its description, if it was not thrown away meanwhile."""
        with calls.alone(self._looking):
            if key not in self._known:
                self._look(calls, since or LONG_AGO)
            place = self._known.get(key)
        if (
            place is None
            or calls.call("GET", f"{self._api}/documents/{place}/", passing=(404,)).status == 404
        ):
            self._known.pop(key, None)
            return ""
        return str(place)

    def held(self, calls: Calls, place: str) -> Collection[str]:
        """The files that are listed, and those that are on their way to be."""
        listed = {each.name for each in self._files(calls, place)}
        return listed | {name for document, name in self._sent_up if document == place}

    def original(self, calls: Calls, place: str) -> bytes:
        """Downloaded."""
        for each in self._files(calls, place):
            if each.name == ORIGINAL:
                return self._bytes(calls, place, each)
        raise Stopped(Retry(f"{place}: not listed yet"))

    def create(self, calls: Calls, outgoing: Outgoing, filed: Filing) -> str:
        """The document, without its metadata."""
        title = filed.subject or outgoing.subject or outgoing.document_id
        document = {
            "document_type_id": self._id(calls, "document_types", self._read.type),
            "label": title[:LABEL_MAX],
            "description": f"{filed.code} {filed.sender_name}".strip() + f"\n{MARK}{mark(outgoing.key)}",
        }
        made = calls.read(_Named, "POST", f"{self._api}/documents/", document=document)
        self._known[outgoing.key] = made.id
        return str(made.id)

    def describe(self, calls: Calls, place: str, filed: Filing) -> None:
        """The metadata that the document type has, and that are not there yet."""
        kind = self._id(calls, "document_types", self._read.type)
        types = {
            each.metadata_type.name: each.metadata_type.id
            for each in self._all(calls, _Type, f"document_types/{kind}/metadata_types/")
        }
        there = {
            each.metadata_type.name for each in self._all(calls, _Metadata, f"documents/{place}/metadata/")
        }
        for name, value in mapped(filed, self._read.fields).items():
            if name in types and name not in there:
                document = {"metadata_type_id": types[name], "value": value}
                calls.call("POST", f"{self._api}/documents/{place}/metadata/", document=document)

    def add(self, calls: Calls, place: str, name: str, file: FiledFile) -> None:
        """A file of the document; those that people read make its pages."""
        shown = ORIGINAL if name == ORIGINAL else f"{name} {safe_name(file.name)}"
        fields = {
            "action_name": "keep" if name == ORIGINAL else "append",
            "filename": shown,
            "file_new": (shown, file.content, file.content_type or "application/octet-stream"),
        }
        body, content_type = encode_multipart_formdata(fields)
        target = f"{self._api}/documents/{place}/files/"
        calls.call("POST", target, body=body, headers={"Content-Type": content_type})
        self._sent_up.add((place, name))

    def settle(self, calls: Calls, place: str, files: Mapping[str, FiledFile]) -> None:
        """Until Mayan's workers have listed them with the right checksums; the time limit ends it."""
        wanted = {(name, sha256(file.content).hexdigest()) for name, file in files.items()}
        while not {(each.name, each.checksum) for each in self._files(calls, place)} >= wanted:
            sleep(POLL_SECONDS)
        self._sent_up -= {(place, name) for name in files}

    def _look(self, calls: Calls, since: datetime) -> None:
        """Remember the documents that are newer than those seen before, or than ``since``."""
        if len(self._known) > KNOWN_MAX:
            self._known, self._newest, self._covered = {}, 0, datetime.max.replace(tzinfo=UTC)
        kind, newest = self._id(calls, "document_types", self._read.type), self._newest
        for each in self._newest_first(calls, f"document_types/{kind}/documents/"):
            # Clocks differ: a document may look older than the acceptance that came before it.
            if each.datetime_created < since - CLOCKS or (
                each.id <= newest - OVERLAP and since >= self._covered
            ):
                break
            self._newest = max(self._newest, each.id)
            if each.key:
                self._known.setdefault(each.key, each.id)
        self._covered = min(self._covered, since)

    # collecting

    def stages(self) -> Iterable[Stage]:
        """Documents of the last ``days`` in a state that means a code."""
        calls, found = self.calls(), []
        oldest = datetime.now(UTC) - timedelta(days=self._read.days)
        for name in self.states:
            where = self._state(calls, self._read.workflow, name)
            for each in self._newest_first(self.calls(), f"{where}documents/"):
                if each.datetime_created < oldest:
                    break
                if each.key:
                    found.append((each, name))
        return [self._stage(each, name) for each, name in found]

    def steps(self, calls: Calls, stage: Stage) -> Iterable[Step]:
        """The log of the workflow."""
        if (found := self._instance(calls, stage.id, self._read.workflow)) is None:
            return []
        target = f"documents/{stage.id}/workflow_instances/{found.id}/log_entries/"
        return [_step(each) for each in self._all(calls, _Entry, target)]

    def reported(self, calls: Calls, item: str, code: str) -> None:
        """A tag, which is made where there is none of its name."""
        label = self.tag(code)
        try:
            tag = self._id(calls, "tags", label)
        except Stopped:
            made = {"label": label, "color": "#3465a4"}
            tag = calls.read(_Named, "POST", f"{self._api}/tags/", document=made).id
        calls.call("POST", f"{self._api}/documents/{item}/tags/attach/", document={"tag": tag})

    def marked(self) -> Iterable[str]:
        """What came in and was brought there is not sent back."""
        if (wanted := self._read.outgoing) is None:
            return []
        where = self._state(self.calls(), wanted.workflow, wanted.state)
        found = list(self._newest_first(self.calls(), f"{where}documents/"))
        return [str(each.id) for each in reversed(found) if not each.key]

    def values(self, calls: Calls, item: str) -> Mapping[str, object]:
        """The metadata by name, and the label."""
        label = calls.read(_Named, "GET", f"{self._api}/documents/{item}/?_fields_only=id,label").label
        found = self._all(calls, _Metadata, f"documents/{item}/metadata/")
        return {"label": label, **{each.metadata_type.name: each.value for each in found}}

    def files(self, calls: Calls, item: str) -> tuple[File, ...]:
        """In the order in which they came."""
        found = sorted(self._files(calls, item), key=lambda each: each.id)
        for each in found:
            if (each.size or 0) > self._read.bytes_max:
                raise too_large(each.filename, self._read.bytes_max)
        return tuple(
            File(name=each.filename, content=self._bytes(self.calls(), item, each)) for each in found
        )

    def answered(self, calls: Calls, item: str, reasons: Sequence[str]) -> None:
        """A transition, with the reasons as its comment."""
        if (wanted := self._read.outgoing) is None:
            return
        transition = wanted.refused if reasons else wanted.sent
        instance = self._instance(calls, item, wanted.workflow)
        if instance is None or instance.current_state is None or instance.current_state.label != wanted.state:
            return  # it was told before, or a clerk was faster
        target = f"documents/{item}/workflow_instances/{instance.id}/log_entries/"
        for each in self._all(calls, _Transition, f"{target}transitions/"):
            if each.label == transition:
                document = {"transition_id": each.id, "comment": "\n".join(reasons)}
                calls.call("POST", f"{self._api}/{target}", document=document)
                return
        raise Stopped(Retry(f"there is no transition '{transition}' from '{wanted.state}'"))

    # the installation

    def _all(self, calls: Calls, shape: type[Shape], path: str, query: str = "") -> Iterator[Shape]:
        page = 1
        while True:
            target = f"{self._api}/{path}?page_size={PAGE}&page={page}{query}"
            found = calls.read(_Page[shape], "GET", target)  # type: ignore[valid-type]
            yield from found.results
            if not found.next:
                return
            page += 1

    def _newest_first(self, calls: Calls, path: str) -> Iterator[_Document]:
        query = "&_ordering=-datetime_created&_fields_only=id,description,datetime_created"
        return self._all(calls, _Document, path, query)

    def _id(self, calls: Calls, kind: str, label: str, below: str = "") -> int:
        """The number of what has this label; once found it is remembered."""
        path = f"{below}{kind}/"
        if (path, label) not in self._ids:
            found = self._all(calls, _Named, path, "&_fields_only=id,label")
            self._ids.update({(path, each.label): each.id for each in found})
        if (path, label) not in self._ids:
            raise Stopped(Retry(f"Mayan has no '{label}' in {path}"))
        return self._ids[path, label]

    def _state(self, calls: Calls, workflow: str, state: str) -> str:
        template = f"workflow_templates/{self._id(calls, 'workflow_templates', workflow)}/"
        return f"{template}states/{self._id(calls, 'states', state, template)}/"

    def _instance(self, calls: Calls, item: str, workflow: str) -> _Instance | None:
        found = self._all(calls, _Instance, f"documents/{item}/workflow_instances/")
        return next((each for each in found if each.workflow_template.label == workflow), None)

    def _files(self, calls: Calls, place: str) -> list[_File]:
        return list(self._all(calls, _File, f"documents/{place}/files/", FILE_FIELDS))

    def _bytes(self, calls: Calls, place: str, file: _File) -> bytes:
        target = f"{self._api}/documents/{place}/files/{file.id}/download/"
        most = self._read.bytes_max + 1
        return calls.call("GET", target, headers={"Accept": "*/*"}, answer_bytes_max=most).body

    def _stage(self, document: _Document, state: str) -> Stage:
        told = self._told.setdefault(document.id, set())
        if self.states[state] not in told:
            tags = {each.label for each in self._all(self.calls(), _Named, f"documents/{document.id}/tags/")}
            told |= {code for code in self.states.values() if self.tag(code) in tags}
        return Stage(
            id=str(document.id), place=str(document.id), key=document.key, state=state, reported=told
        )


def _step(entry: _Entry) -> Step:
    state = entry.transition.destination_state.label if entry.transition else ""
    actor = entry.user.username if entry.user else ""
    return Step(state=state, at=entry.datetime, actor=actor, words=entry.comment or "")
