"""The adapter ``cmis`` against a light repository, which an independent client understands too."""

import hashlib
import io
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import pytest
from cmislib import CmisClient
from cmislib.browser.binding import BrowserBinding

from adapters.cmis import Adapter
from exchange.adapter import Delivered, Reached, Refused, Retry, StatusReport, Unreachable
from exchange.core.letter import Letter
from tests.adapters.cmis_peer import CmisPeer
from tests.adapters.conformance import CollectsConformance, Held, NetworkConformance, Options, outgoing
from tests.adapters.letters import document
from tests.adapters.peers import Request, answer

PASSWORD = "mat-khau-rat-bi-mat"
PATH = f"/van-ban-den/edxml-{outgoing().key}"


@pytest.fixture
def peer() -> Iterator[CmisPeer]:
    made = CmisPeer()
    yield made
    made.close()


@pytest.fixture
def options(peer: CmisPeer, tmp_path: Path) -> Options:
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    return {
        "url": peer.url,
        "user": "truc",
        "password": f"file:{password}",
        "states": {"da_nhan": "03", "hoàn thành 'tốt'": "06"},
        "outgoing": {},
    }


@pytest.fixture
def adapter(options: Options) -> Iterator[Adapter]:
    made = Adapter(options, 20)
    yield made
    made.close()


class TestConformance(NetworkConformance, CollectsConformance):
    adapter_class = Adapter
    secrets = (PASSWORD,)
    one_connection: ClassVar[Mapping[str, object]] = {"connections": 1}
    wrong_options = (
        ({"url": "vanban.gov.vn"}, "url"),
        ({"password": PASSWORD}, "password"),
        ({"states": {"da_nhan": "13"}}, "states.da_nhan"),
        ({"type": "cmis:folder WHERE"}, "type"),
        ({"folder": "van-ban-den"}, "folder"),
        ({"outgoing": {"stat": "x"}}, "outgoing.stat"),
    )

    @pytest.fixture
    def peer(self, peer: CmisPeer) -> CmisPeer:
        return peer

    @pytest.fixture
    def options(self, options: Options) -> Options:
        return options

    def options_for(self, options: Options, url: str) -> Options:
        return {**options, "url": url}

    @pytest.fixture
    def held(self, peer: CmisPeer) -> Held:
        def read() -> Mapping[str, str]:
            digests = {}
            for item, each in peer.cmis.objects.items():
                if (name := each.properties["cmis:name"]).startswith("edxml-"):
                    inside = [v for v in peer.cmis.objects.values() if v.parent == item]
                    files = {v.properties["cmis:name"]: v.content or b"" for v in inside}
                    assert len(files) == len(inside)
                    original = files.get("ban-goc.edxml", b"")
                    assert name not in digests
                    digests[name] = hashlib.sha256(original).hexdigest()
            return {name.removeprefix("edxml-"): digest for name, digest in digests.items()}

        return read

    @pytest.fixture
    def ready(self, peer: CmisPeer) -> Callable[[Mapping[str, bytes]], None]:
        def put(messages: Mapping[str, bytes]) -> None:
            for name, content in messages.items():
                letter_of(peer, f"{name}.edxml", content)

        return put


def letter_of(peer: CmisPeer, name: str, content: bytes | None, **properties: str) -> str:
    """What a clerk marked to be sent; its id."""
    kind = "cmis:folder" if content is None else "cmis:document"
    made = {"cmis:name": name, "cmis:objectTypeId": kind, "trang_thai": "cho_gui", **properties}
    return peer.cmis.add(peer.cmis.at("/van-ban-di") or "", made, content)


def names_in(peer: CmisPeer, path: str) -> list[str]:
    place = peer.cmis.at(path)
    return [each.properties["cmis:name"] for each in peer.cmis.objects.values() if each.parent == place]


FIELDS = {"so_ky_hieu": "12/STC", "ngay_ban_hanh": "24/11/2026", "noi_nhan": "H45.01"}


def test_a_document_is_filed_with_its_properties_and_files(options: Options, peer: CmisPeer) -> None:
    fields = {"code": "vn:so_ky_hieu"}
    adapter = Adapter({**options, "fields": fields, "secondary_types": ["vn:a", "vn:b"]}, 20)
    assert isinstance(adapter.deliver(outgoing(document())), Delivered)
    adapter.close()
    filed = peer.cmis.objects[peer.cmis.at(PATH) or ""].properties
    assert filed["cmis:description"] == "V/v báo cáo tình hình thực hiện"
    assert filed["vn:so_ky_hieu"] == "12/UBND-VX"
    assert filed["cmis:secondaryObjectTypeIds"] == ["vn:a", "vn:b"]
    assert names_in(peer, PATH) == ["ban-goc.edxml", "tep-1 Công văn.pdf"]


def test_an_attempt_that_died_goes_on_where_it_ended(adapter: Adapter, peer: CmisPeer) -> None:
    def dies_at_the_attachment(request: Request) -> bytes | None:
        return None if b"tep-1" in request.body else peer.cmis.reply(request)

    peer.reply = dies_at_the_attachment
    assert isinstance(adapter.deliver(outgoing(document())), Retry)
    peer.reply = peer.cmis.reply
    assert isinstance(adapter.deliver(outgoing(document())), Delivered)
    assert names_in(peer, PATH) == ["ban-goc.edxml", "tep-1 Công văn.pdf"]


def test_a_lost_answer_is_not_filed_twice(adapter: Adapter, peer: CmisPeer) -> None:
    def takes_and_dies(request: Request) -> bytes | None:
        taken = peer.cmis.reply(request)
        return None if request.method == "POST" else taken

    peer.reply = takes_and_dies
    for _ in range(3):
        assert isinstance(adapter.deliver(outgoing(document())), Retry | Delivered)
    peer.reply = peer.cmis.reply
    assert isinstance(adapter.deliver(outgoing(document())), Delivered)
    assert names_in(peer, "/van-ban-den") == [f"edxml-{outgoing().key}"]
    assert names_in(peer, PATH) == ["ban-goc.edxml", "tep-1 Công văn.pdf"]


def test_a_folder_that_was_moved_is_found(adapter: Adapter, peer: CmisPeer) -> None:
    first = adapter.deliver(outgoing(document()))
    peer.cmis.objects[peer.cmis.at(PATH) or ""].parent = "root"
    assert adapter.deliver(outgoing(document())) == first
    assert names_in(peer, "/van-ban-den") == []


def test_a_type_has_another_name_in_queries(options: Options, peer: CmisPeer) -> None:
    adapter = Adapter({**options, "type": "F:vn:vanban", "query_type": "vn:vanban"}, 20)
    adapter.deliver(outgoing(document()))
    peer.cmis.write(peer.cmis.at(PATH) or "", trang_thai="da_nhan")
    assert len(list(adapter.collect())) == 1
    adapter.close()


def test_a_repository_without_queries_files_too(adapter: Adapter, peer: CmisPeer) -> None:
    peer.cmis.queries = False
    assert isinstance(adapter.deliver(outgoing(document())), Delivered)


@pytest.mark.parametrize(
    ("status", "exception", "verdict"),
    [
        (409, "updateConflict", Retry),
        (409, "constraint", Refused),
        (400, "invalidArgument", Refused),
        (404, "objectNotFound", Retry),
        (403, "permissionDenied", Retry),
        (405, "notSupported", Retry),
        (500, "storage", Retry),
    ],
)
def test_an_exception_of_the_repository_is_a_verdict(
    adapter: Adapter, peer: CmisPeer, status: int, exception: str, verdict: type[Retry | Refused]
) -> None:
    words = json.dumps({"exception": exception, "message": "kho nói không"}).encode()

    def writes_nothing(request: Request) -> bytes | None:
        return answer(status, words) if request.method == "POST" else peer.cmis.reply(request)

    peer.reply = writes_nothing
    outcome = adapter.deliver(outgoing())
    assert isinstance(outcome, verdict)
    assert "kho nói không" in outcome.reason


def test_a_name_that_the_repository_refuses_is_refused(adapter: Adapter, peer: CmisPeer) -> None:
    def refuses(request: Request) -> bytes | None:
        exception = b'{"exception": "nameConstraintViolation", "message": "t\\u00ean sai"}'
        return answer(409, exception) if request.method == "POST" else peer.cmis.reply(request)

    peer.reply = refuses
    assert adapter.deliver(outgoing()) == Refused("http_409", "tên sai")


def test_states_are_reported_once_each(adapter: Adapter, options: Options, peer: CmisPeer) -> None:
    adapter.deliver(outgoing(document()))
    place = peer.cmis.at(PATH) or ""
    peer.cmis.write(place, trang_thai="da_nhan")
    [report] = adapter.collect()
    assert isinstance(report.content, StatusReport)
    told = (report.content.delivery, report.content.code, report.content.staff)
    assert told == (outgoing().key, "03", "vanthu")
    adapter.collected(report.key)
    adapter.collected(report.key)
    other = Adapter(options, 20)
    assert list(other.collect()) == []
    other.close()
    peer.cmis.write(place, trang_thai="hoàn thành 'tốt'")
    [last] = adapter.collect()
    assert isinstance(last.content, StatusReport)
    assert last.content.code == "06"
    adapter.refused(last.key, ["Đã có trạng thái sau."])
    assert list(adapter.collect()) == []
    assert [each for each in names_in(peer, PATH) if each.startswith("da-bao")] == [
        "da-bao-03.txt",
        "da-bao-06.txt",
    ]


def test_a_refusal_gives_a_letter_back_with_the_reasons(adapter: Adapter, peer: CmisPeer) -> None:
    item = letter_of(peer, "to-trinh.pdf", b"%PDF", **FIELDS, **{"cmis:description": "Tờ trình"})
    [collected] = adapter.collect()
    assert isinstance(collected.content, Letter)
    assert (collected.content.subject, collected.content.receivers) == ("Tờ trình", ("H45.01",))
    adapter.refused(collected.key, ["Không có cơ quan H45.01."])
    properties = peer.cmis.objects[item].properties
    assert (properties["trang_thai"], properties["ly_do"]) == ("tra_lai", "Không có cơ quan H45.01.")
    assert list(adapter.collect()) == []


def test_a_folder_is_sent_with_all_its_documents(options: Options, peer: CmisPeer) -> None:
    folder = letter_of(peer, "to-trinh", None, **FIELDS, **{"cmis:description": "Tờ trình"})
    for name in ("2 phụ lục.xlsx", "1 tờ trình.pdf"):
        peer.cmis.add(folder, {"cmis:name": name}, name.encode())
    adapter = Adapter({**options, "outgoing": {"type": "cmis:folder"}}, 20)
    [collected] = adapter.collect()
    assert isinstance(collected.content, Letter)
    assert [each.name for each in collected.content.files] == ["1 tờ trình.pdf", "2 phụ lục.xlsx"]
    adapter.collected(collected.key)
    adapter.close()
    assert peer.cmis.objects[folder].properties["trang_thai"] == "da_gui"


def test_a_file_that_is_too_large_is_given_back(options: Options, peer: CmisPeer) -> None:
    item = letter_of(peer, "lon.pdf", b"%PDF")
    adapter = Adapter({**options, "bytes_max": 3}, 20)
    assert list(adapter.collect()) == []
    adapter.close()
    assert "lon.pdf" in peer.cmis.objects[item].properties["ly_do"]


def test_the_password_goes_to_no_other_host(adapter: Adapter, peer: CmisPeer) -> None:
    peer.cmis.base = "http://kho.example.vn"  # as a repository behind a proxy calls itself
    assert isinstance(adapter.deliver(outgoing(document())), Delivered)


def test_the_connection_is_tried(adapter: Adapter, options: Options, peer: CmisPeer) -> None:
    assert adapter.check() == Reached("Kho văn bản 7.4, CMIS 1.1")
    missing = Adapter({**options, "folder": "/khong-co"}, 20)
    assert isinstance(missing.check(), Unreachable)
    missing.close()
    misnamed = Adapter({**options, "repository": "khac"}, 20)
    reached = misnamed.check()
    misnamed.close()
    assert isinstance(reached, Unreachable)
    assert "van-thu" in reached.reason


def test_cmislib_reads_what_was_filed_and_files_what_is_sent(adapter: Adapter, peer: CmisPeer) -> None:
    content = document()
    adapter.deliver(outgoing(content))
    client = CmisClient(peer.url, "truc", PASSWORD, binding=BrowserBinding())
    repository = client.defaultRepository
    assert repository.getObjectByPath(f"{PATH}/ban-goc.edxml").getContentStream().read() == content
    found = repository.query(f"SELECT cmis:objectId FROM cmis:folder WHERE cmis:name = '{PATH[13:]}'")
    assert [each.id for each in found] == [peer.cmis.at(PATH)]
    repository.getObjectByPath(PATH).updateProperties({"trang_thai": "da_nhan"})
    folder = repository.getObjectByPath("/van-ban-di")
    folder.createDocument(
        "a.edxml",
        properties={"trang_thai": "cho_gui"},
        contentFile=io.BytesIO(content),
        contentType="application/xml",
    )
    contents = [each.content for each in adapter.collect()]
    assert [type(each) for each in contents] == [StatusReport, bytes]
    assert contents[1] == content
    client.session.close()
