"""Plone 6 with plone.restapi: content is filed, states of the workflow are read back, letters collected.

A document becomes one folderish item ``edxml-<key>`` of the type ``type`` in ``folder``, with its fields, and
in it: the signed original ``ban-goc.edxml``, unchanged, and each attached file. Items are created under names
of our own, so each step is taken once however often it is tried; an attempt that died goes on where it ended.

==================================================  =================================================
what Plone answers                                  verdict
==================================================  =================================================
an item ``edxml-<key>`` is found, wherever it       what is missing in it is added: ``Delivered``
was moved to
it is found with another original                   ``Retry``: a person must look at it
201 for the item and each file                      ``Delivered``, reference: its path in the site
400 to a name that is there by now                  taken for created: another attempt was faster
404 where the folder of the month is missing        it is made, once; ``folder`` itself never is
400 otherwise (a field that the type refuses)       ``Refused``, ``http_400``, their words
401, 403, 404, 405, 407, 421                        ``Retry``: address, password, rights or type
408, 425, 429, 5xx (also a conflict in the ZODB)    ``Retry``, ``Retry-After`` is honoured
3xx                                                 ``Retry``: never followed
any other 4xx                                       ``Refused``, ``http_<status>``
no answer, no JSON, JSON of another form            ``Retry``
==================================================  =================================================

Plone stores no empty file over REST: an empty attachment is not filed; it is in the signed original.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from threading import Lock
from typing import ClassVar, Final
from urllib.parse import quote, unquote, urlencode, urlsplit

import pybase64
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from exchange.adapter import Outgoing
from exchange.core.edxml import VIETNAM
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
from exchange.secret import secret
from exchange.software.filing_adapter import ORIGINAL, FilingAdapter, Stage, basic
from exchange.software.filing_options import AccountOptions, LettersOptions, States
from exchange.software.json_calls import Calls

ITEM: Final = "edxml-"  # what the names of our items begin with
BATCH: Final = 500
SINCE_OVERLAP: Final = timedelta(minutes=2)  # Plone's catalogue knows minutes only


# --- the options ---


class PloneLetters(LettersOptions):
    """Which items are to be sent; the defaults fit the workflow that Plone comes with."""

    folder: str = "van-ban-di"
    type: str = "van_ban"
    state: str = "pending"  # a clerk brought the item there
    sent: str = "publish"  # the transition after the acceptance
    refused: str = "reject"  # the transition after a refusal, with the reasons as its comment
    title: ClassVar[str] = "title"


class PloneOptions(AccountOptions):
    """``url`` is that of the site."""

    folder: str = "van-ban-den/{year}-{month}"  # the part before "{" must exist
    type: str = "van_ban"
    file_type: str = "File"
    states: States = Field(default={"pending": "03", "published": "06"})
    outgoing: PloneLetters | None = None

    @property
    def root(self) -> str:
        """The folder that must exist."""
        return self.folder.partition("{")[0].rpartition("/")[0] if "{" in self.folder else self.folder


# --- what Plone answers ---


class _Item(BaseModel):
    id: str = Field(alias="@id")


class _Hit(_Item):
    name: str = Field(alias="getId")
    uid: str = Field(alias="UID")
    state: str | None = Field(alias="review_state")
    tags: list[str] | None = Field(alias="Subject")
    modified: AwareDatetime


class _Hits(_Item):
    items: list[_Hit]


class _Child(_Item):
    name: str = Field(alias="id")


class _Children(_Item):
    items: list[_Child]


class _Blob(BaseModel):
    filename: str
    size: int


class _FileItem(_Item):
    file: _Blob | None = None


class _FileItems(_Item):
    items: list[_FileItem]


class _Step(BaseModel):
    review_state: str | None
    time: AwareDatetime
    actor: str = ""
    comments: str = ""


class _History(BaseModel):
    history: list[_Step]


class _Fields(BaseModel):
    model_config = ConfigDict(extra="allow")


# --- the adapter ---


class Adapter(FilingAdapter):
    """One site. A place is an item's path in it; the ids of what is collected are UIDs."""

    def __init__(self, options: Mapping[str, object], timeout_seconds: float) -> None:
        self._read = read = PloneOptions.read(options)
        headers = {
            "Accept": "application/json",
            "Authorization": basic(read.user, secret("password", read.password)),
        }
        super().__init__(options, timeout_seconds, read, headers, read.outgoing)
        self._site = urlsplit(read.url).path.rstrip("/")
        self._since: datetime | None = None
        self._writing = Lock()

    def reached(self, calls: Calls) -> str:
        """The folder that must exist, and the site's title."""
        calls.read(_Item, "GET", f"{self._url(self._read.root)}?b_size=1")
        site = calls.read(_Fields, "GET", f"{self._site}/@site").model_extra or {}
        return f"Plone: {self.client.words(str(site.get('plone.site_title', '')))}"

    # filing

    def found(self, calls: Calls, key: str, since: datetime | None) -> str:  # noqa: ARG002
        """By its name, wherever it was moved to."""
        return next((place for place, _ in self._search(calls, "", [("getId", ITEM + mark(key))])), "")

    def held(self, calls: Calls, place: str) -> Collection[str]:
        """The names in the item."""
        target = f"{self._url(place)}?metadata_fields=id&b_size={BATCH}"
        return {each.name for each in calls.read(_Children, "GET", target).items}

    def original(self, calls: Calls, place: str) -> bytes:
        """Downloaded."""
        return self._bytes(calls, f"{place}/{ORIGINAL}")

    def create(self, calls: Calls, outgoing: Outgoing, filed: Filing) -> str:
        """The item; the folder of the month is made where it is missing."""
        day, name = outgoing.accepted_at.astimezone(VIETNAM), ITEM + mark(outgoing.key)
        folder = self._read.folder.replace("{year}", f"{day:%Y}").replace("{month}", f"{day:%m}").strip("/")
        document = {
            **mapped(filed, self._read.fields),
            "@type": self._read.type,
            "id": name,
            "title": filed.subject or outgoing.subject or outgoing.document_id,
        }
        if not self._post(calls, folder, document):
            self._make_folder(calls, folder)
            self._post(calls, folder, document)
        return f"{folder}/{name}"

    def add(self, calls: Calls, place: str, name: str, file: FiledFile) -> None:
        """A file in the item."""
        blob = {
            "data": pybase64.b64encode(file.content).decode(),
            "encoding": "base64",
            "filename": safe_name(file.name),
            "content-type": file.content_type or "application/octet-stream",
        }
        title = safe_name(file.name)
        self._post(calls, place, {"@type": self._read.file_type, "id": name, "title": title, "file": blob})

    def _make_folder(self, calls: Calls, folder: str) -> None:
        """Make what is missing of the path below the folder that must exist."""
        made = self._read.root
        for segment in folder.removeprefix(made).strip("/").split("/"):
            self._post(calls, made, {"@type": "Folder", "id": segment, "title": segment})
            made = f"{made}/{segment}"

    def _post(self, calls: Calls, place: str, document: Mapping[str, object]) -> bool:
        """Create one item, or find that one of its name is there by now; False: the folder is not there."""
        below = self._read.root not in (place, "")
        # The ZODB refuses one of two that write into one folder at a time, after trying them three times.
        with calls.alone(self._writing):
            answer = calls.call(
                "POST", self._url(place), document=document, passing=(400, 404) if below else (400,)
            )
        if answer.status == 400:
            # "The id … is invalid - it is already in use.", in the site's language: so it is looked for.
            name = f"{place}/{document['id']}"
            if calls.call("GET", f"{self._url(name)}?b_size=1", passing=range(400, 500)).status >= 400:
                raise calls.stopped(answer)
        return answer.status != 404

    # collecting

    def stages(self) -> Iterable[Stage]:
        """Our items in a state of the mapping that were modified since the oldest that is still open."""
        since = self._since or datetime.now(VIETNAM) - timedelta(days=self._read.days)
        query = [
            ("portal_type", self._read.type),
            *(("review_state", each) for each in self.states),
            ("sort_on", "modified"),
            ("modified.query", since.isoformat()),
            ("modified.range", "min"),
        ]
        hits = self._search(self.calls(), "", query) if self.states else []
        ours = [each for each in hits if each[1].name.startswith(ITEM) and each[1].state in self.states]
        stages = [self._stage(place, hit) for place, hit in ours]
        still_open = [
            hit.modified
            for (_, hit), stage in zip(ours, stages, strict=True)
            if self.states[stage.state] not in stage.reported
        ]
        if ours:
            self._since = min(still_open or [hit.modified for _, hit in ours[-1:]]) - SINCE_OVERLAP
        return stages

    def steps(self, calls: Calls, stage: Stage) -> Iterable[Step]:
        """The history of the workflow."""
        found = calls.read(_History, "GET", f"{self._url(stage.place)}/@workflow").history
        return [
            Step(state=each.review_state or "", at=each.time, actor=each.actor, words=each.comments)
            for each in found
        ]

    def reported(self, calls: Calls, item: str, code: str) -> None:
        """A tag."""
        for place, hit in self._search(calls, "", [("UID", item)]):
            tags, tag = hit.tags or [], self.tag(code)
            if tag not in tags:
                calls.call("PATCH", self._url(place), document={"subjects": [*tags, tag]})

    def marked(self) -> Iterable[str]:
        """What came in and was moved among them is not sent back."""
        wanted = self._read.outgoing
        if wanted is None:
            return ()
        query = [("portal_type", wanted.type), ("review_state", wanted.state), ("sort_on", "modified")]
        found = self._search(self.calls(), wanted.folder, query)
        return [hit.uid for _, hit in found if not hit.name.startswith(ITEM)]

    def values(self, calls: Calls, item: str) -> Mapping[str, object]:
        """The item as it is."""
        for place, _ in self._search(calls, "", [("UID", item)]):
            return calls.read(_Fields, "GET", f"{self._url(place)}?b_size=1").model_extra or {}
        return {}

    def files(self, calls: Calls, item: str) -> tuple[File, ...]:
        """The files in the item, in the order that they have there."""
        found = []
        for place, _ in self._search(calls, "", [("UID", item)]):
            query = f"portal_type={quote(self._read.file_type)}&path.depth=1&fullobjects=1&b_size={BATCH}"
            target = f"{self._url(place)}/@search?{query}&sort_on=getObjPositionInParent"
            inside = calls.read(_FileItems, "GET", target)
            for each in inside.items:
                if each.file is None:
                    continue
                if each.file.size > self._read.bytes_max:
                    raise too_large(each.file.filename, self._read.bytes_max)
                path = f"{place}/{_path(_start(inside.id), each.id)}"
                found.append(File(name=each.file.filename, content=self._bytes(calls, path)))
        return tuple(found)

    def answered(self, calls: Calls, item: str, reasons: Sequence[str]) -> None:
        """A transition, with the reasons as its comment: the item's history shows them."""
        wanted = self._read.outgoing
        for place, hit in self._search(calls, "", [("UID", item)]) if wanted else ():
            if wanted and hit.state == wanted.state:  # else it was told before, or a clerk was faster
                transition = quote(wanted.refused if reasons else wanted.sent)
                comment = {"comment": "\n".join(reasons)}
                calls.call("POST", f"{self._url(place)}/@workflow/{transition}", document=comment)

    # the site

    def _url(self, place: str) -> str:
        return f"{self._site}/{quote(place)}".rstrip("/")

    def _search(self, calls: Calls, where: str, query: Sequence[tuple[str, str]]) -> list[tuple[str, _Hit]]:
        """All that is found, with its path in the site, in batches."""
        found: list[tuple[str, _Hit]] = []
        extra = [("metadata_fields", each) for each in ("UID", "getId", "Subject", "modified")]
        while True:
            batch = [("b_size", str(BATCH)), ("b_start", str(len(found)))]
            hits = calls.read(
                _Hits, "GET", f"{self._url(where)}/@search?{urlencode([*query, *extra, *batch])}"
            )
            start = _start(hits.id).removesuffix(f"/{quote(where)}" if where else "")
            found += [(_path(start, hit.id), hit) for hit in hits.items]
            if len(hits.items) < BATCH:
                return found

    def _bytes(self, calls: Calls, place: str) -> bytes:
        target = f"{self._url(place)}/@@download/file"
        most = self._read.bytes_max + 1
        return calls.call("GET", target, headers={"Accept": "*/*"}, answer_bytes_max=most).body

    def _stage(self, place: str, hit: _Hit) -> Stage:
        reported = {code for code in self.states.values() if self.tag(code) in (hit.tags or ())}
        key = key_of(hit.name.removeprefix(ITEM))
        return Stage(id=hit.uid, place=place, key=key, state=hit.state or "", reported=reported)


def _start(search: str) -> str:
    """The address of where a search was made. Behind a proxy it is not ours; what follows it is the same."""
    return search.partition("/@search")[0]


def _path(start: str, item: str) -> str:
    return unquote(item.removeprefix(start).strip("/"))
