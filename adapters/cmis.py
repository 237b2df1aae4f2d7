"""CMIS 1.1, browser binding: documents are filed in a repository, states read back, letters collected.

A document becomes one folder ``edxml-<key>`` below ``folder``, with its properties, and in it: the signed
original ``ban-goc.edxml``, unchanged, and each attached file. It is found by its path or, where somebody
moved it, by its name; an attempt that died goes on where it ended. A status that was sent is remembered by a
small document in the folder: every repository can keep that.

==================================================  =================================================
what the repository answers (CMIS 1.1, 5.2.10)      verdict
==================================================  =================================================
a folder ``edxml-<key>`` is found                   what is missing in it is added: ``Delivered``
it is found with another original                   ``Retry``: a person must look at it
201 for the folder and each file                    ``Delivered``, reference: the folder's id
409 nameConstraintViolation                         it is there by now: another attempt was faster; where it
                                                    is not, the name is refused: ``Refused``, ``http_409``
409 updateConflict                                  ``Retry``: another wrote at the same time
409 constraint and others, 400 invalidArgument      ``Refused``, ``http_<status>``, their words
404 objectNotFound                                  ``Retry``: address or folder; it is to be made
403 permissionDenied, streamNotSupported            ``Retry``: rights or type
405 notSupported                                    ``Retry``; of a search for a moved folder: none is found
401, 407, 408, 421, 425, 429                        ``Retry``, ``Retry-After`` is honoured
500 storage, runtime, and other 5xx                 ``Retry``, ``Retry-After`` is honoured
3xx                                                 ``Retry``: never followed
any other 4xx                                       ``Refused``, ``http_<status>``
no answer, no JSON, JSON of another form            ``Retry``
==================================================  =================================================

An empty attachment is not filed, as in other systems: it is in the signed original. A repository that takes
two folders of one name may file a document twice where two brokers deliver it in the same moment.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Annotated, ClassVar, Final
from urllib.parse import quote

from pydantic import AfterValidator, Field
from urllib3 import encode_multipart_formdata

from exchange.adapter import Outgoing, Retry
from exchange.core.filed import FiledName, Step, key_of, mapped, mark, safe_name, too_large, with_defaults
from exchange.core.filing import FiledFile, Filing
from exchange.core.letter import File
from exchange.http_client import Answer
from exchange.secret import secret
from exchange.software.cmis_binding import (
    Children,
    Found,
    Properties,
    QueryName,
    Repositories,
    Repository,
    Results,
    controls,
    exception_of,
    literal,
    select,
    target_of,
)
from exchange.software.filing_adapter import ORIGINAL, FilingAdapter, Stage, basic
from exchange.software.filing_options import AccountOptions, LettersOptions, States
from exchange.software.json_calls import Calls, Stopped

ITEM: Final = "edxml-"  # what the names of our folders begin with
PAGE: Final = 100

FolderPath = Annotated[str, Field(pattern=r"^(/[^/]+)+$")]


# --- the options ---


class CmisLetters(LettersOptions):
    """Which documents (or folders of documents) are to be sent, and how they are marked."""

    folder: FolderPath = "/van-ban-di"
    type: QueryName = "cmis:document"
    state_property: QueryName = "trang_thai"
    state: str = "cho_gui"
    sent: str = "da_gui"
    refused: str = "tra_lai"
    reasons_property: QueryName = "ly_do"  # what the clerk reads after a refusal
    title: ClassVar[str] = "cmis:description"


class CmisOptions(AccountOptions):
    """``url`` is that of the browser binding's service document."""

    repository: str = ""  # its id, where the service has several
    folder: FolderPath = "/van-ban-den"  # must exist
    type: QueryName = "cmis:folder"
    query_type: QueryName | None = None  # how queries name ``type``, where that is not its id
    file_type: QueryName = "cmis:document"
    secondary_types: tuple[str, ...] = ()  # of the folders
    fields: Annotated[
        Mapping[FiledName, str],
        AfterValidator(lambda given: with_defaults(given, {"subject": "cmis:description"})),
        Field(default={}, validate_default=True),
    ]
    state_property: QueryName = "trang_thai"  # of ``type``; looked at where ``states`` are given
    states: States = Field(default={})
    outgoing: CmisLetters | None = None
    reported: str = "da-bao-{code}.txt"  # the name of the document that remembers a report

    @property
    def table(self) -> str:
        """What queries look for our folders in."""
        return self.query_type or self.type


# --- the adapter ---


class Adapter(FilingAdapter):
    """One repository. Places and ids are ids of objects, which stay when an object is moved."""

    def __init__(self, options: Mapping[str, object], timeout_seconds: float) -> None:
        self._read = read = CmisOptions.read(options)
        headers = {
            "Accept": "application/json",
            "Authorization": basic(read.user, secret("password", read.password)),
        }
        super().__init__(options, timeout_seconds, read, headers, read.outgoing)
        self._known: Repository | None = None
        self._keys = [Lock() for _ in range(256)]  # of one key always the same
        self._told: dict[str, set[str]] = {}

    def reached(self, calls: Calls) -> str:
        """The repository's product, and the folder that must exist."""
        self._known = None
        found = self._repository(calls)
        self._object(calls, self._read.folder)
        return self.client.words(f"{found.product or '?'} {found.version or ''}, CMIS {found.cmis or '?'}")

    # filing

    def alone(self, calls: Calls, key: str) -> AbstractContextManager[None]:
        """Some repositories take two objects of one name."""
        return calls.alone(self._keys[hash(key) % len(self._keys)])

    def found(self, calls: Calls, key: str, since: datetime | None) -> str:  # noqa: ARG002
        """By its path, or by its name wherever it was moved to."""
        name = ITEM + mark(key)
        target = self._path(calls, f"{self._read.folder}/{name}", cmisselector="object")
        answer = calls.call("GET", target, passing=(404,))
        if answer.status != 404:
            return calls.shaped(Found, answer).properties.id
        query = select(("cmis:objectId",), self._read.table, f"cmis:name = {literal(name)}")
        return next((each.id for each in self._query(calls, query, passing=(405,))), "")

    def held(self, calls: Calls, place: str) -> Collection[str]:
        """The names in the folder; what follows the first space is for people."""
        return {_own(each.name) for each in self._children(calls, place)}

    def original(self, calls: Calls, place: str) -> bytes:
        """Downloaded."""
        for each in self._children(calls, place):
            if each.name == ORIGINAL:
                return self._bytes(calls, each.id)
        raise Stopped(Retry(f"{place}: {ORIGINAL} is not there any more"))

    def create(self, calls: Calls, outgoing: Outgoing, filed: Filing) -> str:
        """The folder, with its properties."""
        name = ITEM + mark(outgoing.key)
        properties: dict[str, str | Sequence[str]] = {
            **mapped(filed, self._read.fields),
            "cmis:objectTypeId": self._read.type,
            "cmis:name": name,
        }
        if title := self._read.fields.get("subject"):
            properties.setdefault(title, outgoing.subject or outgoing.document_id)
        if self._read.secondary_types:
            properties["cmis:secondaryObjectTypeIds"] = self._read.secondary_types
        answer = self._post(calls, self._path(calls, self._read.folder), "createFolder", properties)
        if answer.status != 409:
            return calls.shaped(Found, answer).properties.id
        if place := self.found(calls, outgoing.key, None):
            return place
        raise calls.stopped(answer)

    def add(self, calls: Calls, place: str, name: str, file: FiledFile) -> None:
        """A document in the folder."""
        shown = name if name == ORIGINAL else f"{name} {safe_name(file.name)}"
        answer = self._document(calls, place, shown, file.content, file.content_type)
        if answer.status == 409 and name not in self.held(calls, place):
            raise calls.stopped(answer)

    # collecting

    def stages(self) -> Iterable[Stage]:
        """Our folders in a state of the mapping that were modified in the last ``days``."""
        if not self.states:
            return []
        state, oldest = self._read.state_property, datetime.now(UTC) - timedelta(days=self._read.days)
        query = select(
            ("cmis:objectId", "cmis:name", state),
            self._read.table,
            f"{state} IN ({', '.join(map(literal, self.states))})",
            f"cmis:lastModificationDate >= TIMESTAMP '{oldest:%Y-%m-%dT%H:%M:%S.000Z}'",
        )
        found = [each for each in self._query(self.calls(), query) if each.name.startswith(ITEM)]
        return [self._stage(each) for each in found if each.text(state) in self.states]

    def steps(self, calls: Calls, stage: Stage) -> Iterable[Step]:
        """The state that it is in: CMIS keeps no history of one."""
        found = self._by_id(calls, stage.id)
        if found.modified is None or found.text(self._read.state_property) != stage.state:
            return []
        return [Step(state=stage.state, at=found.modified, actor=found.modified_by or "")]

    def reported(self, calls: Calls, item: str, code: str) -> None:
        """A small document in the folder; one that is there already is as good."""
        words = "Đã báo trạng thái này qua trục liên thông. This status was reported.\n"
        answer = self._document(calls, item, self.tag(code), words.encode(), "text/plain; charset=utf-8")
        if answer.status == 409 and self.tag(code) not in {each.name for each in self._children(calls, item)}:
            raise calls.stopped(answer)

    def marked(self) -> Iterable[str]:
        """What came in and was moved among them is not sent back."""
        if (wanted := self._read.outgoing) is None:
            return []
        calls = self.calls()
        folder = self._object(calls, wanted.folder).id
        query = select(
            ("cmis:objectId", "cmis:name"),
            wanted.type,
            f"IN_FOLDER({literal(folder)})",
            f"{wanted.state_property} = {literal(wanted.state)}",
        )
        return [each.id for each in self._query(calls, query) if not each.name.startswith(ITEM)]

    def values(self, calls: Calls, item: str) -> Mapping[str, object]:
        """Its properties."""
        found = self._by_id(calls, item)
        return {"cmis:name": found.name, **(found.model_extra or {})}

    def files(self, calls: Calls, item: str) -> tuple[File, ...]:
        """The document itself, or the documents in the folder by their names."""
        found = self._by_id(calls, item)
        inside = [found]
        if found.base == "cmis:folder":
            documents = [each for each in self._children(calls, item) if each.base == "cmis:document"]
            inside = sorted(documents, key=lambda each: each.name)
        for each in inside:
            if (each.bytes or 0) > self._read.bytes_max:
                raise too_large(each.file_name or each.name, self._read.bytes_max)
        return tuple(self._file(each) for each in inside)

    def answered(self, calls: Calls, item: str, reasons: Sequence[str]) -> None:
        """Its state, and the reasons in a property."""
        wanted = self._read.outgoing
        if wanted is None or self._by_id(calls, item).text(wanted.state_property) != wanted.state:
            return  # it was told before, or a clerk was faster
        properties = {wanted.state_property: wanted.refused if reasons else wanted.sent}
        if reasons:
            properties[wanted.reasons_property] = "\n".join(reasons)
        answer = self._post(calls, self._root(calls, objectId=item), "update", properties)
        if answer.status == 409:
            raise calls.stopped(answer)

    # the repository

    def _repository(self, calls: Calls) -> Repository:
        """Once found it is remembered."""
        if self._known is None:
            found = calls.read(Repositories, "GET", self.client.target).root
            named = self._read.repository or next(iter(found), "")
            if named not in found or (len(found) > 1 and not self._read.repository):
                there = self.client.words(", ".join(found))
                raise Stopped(Retry(f"{self.client.peer}: option 'repository' names none of: {there}"))
            self._known = found[named]
        return self._known

    def _root(self, calls: Calls, **query: str) -> str:
        return self._path(calls, "", **query)

    def _path(self, calls: Calls, path: str, **query: str) -> str:
        return target_of(self._repository(calls).root, quote(path), query)

    def _object(self, calls: Calls, path: str) -> Properties:
        target = self._path(calls, path, cmisselector="object")
        return calls.read(Found, "GET", target).properties

    def _by_id(self, calls: Calls, item: str) -> Properties:
        target = self._root(calls, objectId=item, cmisselector="object")
        return calls.read(Found, "GET", target).properties

    def _children(self, calls: Calls, place: str) -> list[Properties]:
        found: list[Properties] = []
        while True:
            page = {"maxItems": str(PAGE), "skipCount": str(len(found))}
            target = self._root(calls, objectId=place, cmisselector="children", **page)
            answer = calls.read(Children, "GET", target)
            found += [each.object.properties for each in answer.objects]
            if not answer.more or not answer.objects:
                return found

    def _query(self, calls: Calls, statement: str, passing: Collection[int] = ()) -> Iterator[Properties]:
        skipped = 0
        while True:
            query = {"cmisselector": "query", "q": statement, "maxItems": str(PAGE)}
            target = target_of(self._repository(calls).url, "", {**query, "skipCount": str(skipped)})
            answer = calls.call("GET", target, passing=passing)
            if answer.status in passing:
                return
            page = calls.shaped(Results, answer)
            yield from (each.properties for each in page.results)
            skipped += len(page.results)
            if not page.more or not page.results:
                return

    def _file(self, found: Properties) -> File:
        # What has no bytes may have no content stream either, and to ask for that is an error.
        content = b"" if found.bytes == 0 else self._bytes(self.calls(), found.id)
        return File(name=found.file_name or found.name, content=content)

    def _bytes(self, calls: Calls, item: str) -> bytes:
        target = self._root(calls, objectId=item, cmisselector="content")
        most = self._read.bytes_max + 1
        return calls.call("GET", target, headers={"Accept": "*/*"}, answer_bytes_max=most).body

    def _document(self, calls: Calls, place: str, name: str, content: bytes, content_type: str) -> Answer:
        properties = {"cmis:objectTypeId": self._read.file_type, "cmis:name": name}
        file = (name, content, content_type or "application/octet-stream")
        return self._post(calls, self._root(calls, objectId=place), "createDocument", properties, file)

    def _post(
        self,
        calls: Calls,
        target: str,
        action: str,
        properties: Mapping[str, str | Sequence[str]],
        file: tuple[str, bytes, str] | None = None,
    ) -> Answer:
        """What an action answers: done, or 409 with nameConstraintViolation."""
        fields: dict[str, str | tuple[str, bytes, str]] = {"cmisaction": action, "succinct": "true"}
        fields |= controls(properties)
        if file is not None:
            fields["content"] = file
        body, content_type = encode_multipart_formdata(fields)
        answer = calls.call("POST", target, body=body, headers={"Content-Type": content_type}, passing=(409,))
        exception = exception_of(answer) if answer.status == 409 else "nameConstraintViolation"
        if exception == "nameConstraintViolation":
            return answer
        stopped = calls.stopped(answer)
        if exception == "updateConflict":
            raise Stopped(Retry(f"{self.client.peer}: http_409 {stopped.verdict.reason}"))
        raise stopped

    def _stage(self, found: Properties) -> Stage:
        state = found.text(self._read.state_property)
        told = self._told.setdefault(found.id, set())
        if self.states[state] not in told:
            names = {each.name for each in self._children(self.calls(), found.id)}
            told |= {code for code in self.states.values() if self.tag(code) in names}
        key = key_of(found.name.removeprefix(ITEM))
        return Stage(id=found.id, place=found.id, key=key, state=state, reported=told)


def _own(name: str) -> str:
    """As ``add`` was given it."""
    return name if name == ORIGINAL else name.partition(" ")[0]
