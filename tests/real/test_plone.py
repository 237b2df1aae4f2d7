"""The adapter ``plone`` against Plone 6 itself."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path

import pybase64
import pytest

from adapters.plone import Adapter
from exchange.adapter import AgencyAdapter, Delivered, Reached, Refused, Retry, StatusReport, Unreachable
from exchange.core.filing import filing
from exchange.core.letter import File, Letter
from tests.adapters.conformance import CollectsConformance, HandsOverConformance, Held, Options, outgoing
from tests.adapters.letters import document
from tests.real.figures import FigureConformance
from tests.real.plone import Site

PLACE = "/van-ban-den/2026-11/edxml-019a0000000070008000000000000001"


@pytest.fixture
def options(plone_site: Site, tmp_path: Path) -> Options:
    plone_site.empty()
    password = tmp_path / "password"
    password.write_text(plone_site.password)
    return {
        "url": plone_site.url,
        "user": plone_site.user,
        "password": f"file:{password}",
        "outgoing": {},
    }


@pytest.fixture
def adapter(options: Options) -> Iterator[Adapter]:
    made = Adapter(options, 30)
    yield made
    made.close()


def item(site: Site, title: str, files: Mapping[str, bytes], **fields: object) -> str:
    """What a clerk wrote, and marked to be sent; its path."""
    made = site.call("POST", "/van-ban-di", {"@type": "van_ban", "title": title, **fields}).json()
    path = site.path(made)
    for name, content in files.items():
        blob = {"data": pybase64.b64encode(content).decode(), "encoding": "base64", "filename": name}
        site.call("POST", path, {"@type": "File", "title": name, "file": blob})
    site.call("POST", f"{path}/@workflow/submit", {})
    return path


class TestPlone(FigureConformance, CollectsConformance, HandsOverConformance):
    adapter_class = Adapter
    crowd = 30
    wrong_options = (
        ({"user": 5}, "user"),
        ({"password": "123456"}, "password"),
        ({"outgoing": {"stat": "x"}}, "outgoing.stat"),
    )
    secrets = ("123456",)

    @pytest.fixture
    def options(self, options: Options) -> Options:
        return options

    @pytest.fixture
    def held(self, adapter: AgencyAdapter, plone_site: Site) -> Held:
        def read() -> Mapping[str, str]:
            found = plone_site.found(portal_type="van_ban", metadata_fields="getId")
            keys = [str(each["getId"]).removeprefix("edxml-") for each in found]
            return {key: hashlib.sha256(adapter.stored(key) or b"").hexdigest() for key in keys}

        return read

    @pytest.fixture
    def ready(self, plone_site: Site) -> Callable[[Mapping[str, bytes]], None]:
        def put(messages: Mapping[str, bytes]) -> None:
            for name, content in messages.items():
                if content:  # Plone keeps no empty file
                    item(plone_site, name, {f"{name}.edxml": content})

        return put

    def test_what_is_ready_is_collected_unchanged(
        self, adapter: AgencyAdapter, ready: Callable[[Mapping[str, bytes]], None]
    ) -> None:
        messages = {"một": bytes(range(256)), "ba": b"x" * self.large_bytes}
        ready(messages)
        assert {each.content for each in adapter.collect()} == set(messages.values())


def test_a_document_is_filed_with_its_fields_the_signed_original_and_each_attached_file(
    adapter: Adapter, plone_site: Site
) -> None:
    signed = document(files={"Công văn 12.pdf": b"%PDF-1.7", "Phụ lục.xlsx": b"PK", "trống.txt": b""})
    assert adapter.deliver(outgoing(signed)) == Delivered(PLACE[1:])
    filed = plone_site.call("GET", PLACE).json()
    assert filed["title"] == filing(signed).subject
    assert (filed["so_ky_hieu"], filed["ngay_ban_hanh"]) == ("12/UBND-VX", "2026-11-24")
    assert (filed["ma_noi_gui"], filed["noi_nhan"]) == (filing(signed).sender_code, "H45.01")
    assert [each["title"] for each in filed["items"]] == ["document.edxml", "Công văn 12.pdf", "Phụ lục.xlsx"]
    assert plone_site.download(f"{PLACE}/ban-goc.edxml") == signed
    assert plone_site.download(f"{PLACE}/tep-2") == b"PK"


def test_an_attempt_that_died_after_the_item_was_made_goes_on_where_it_ended(
    adapter: Adapter, plone_site: Site
) -> None:
    signed = document(files={"một.pdf": b"1", "hai.pdf": b"2"})
    adapter.deliver(outgoing(signed))
    for name in ("ban-goc.edxml", "tep-2"):
        plone_site.call("DELETE", f"{PLACE}/{name}")
    assert adapter.deliver(outgoing(signed)) == Delivered(PLACE[1:])
    assert plone_site.download(f"{PLACE}/ban-goc.edxml") == signed
    assert plone_site.call("GET", PLACE).json()["items_total"] == 3


def test_what_a_clerk_moved_elsewhere_is_found_there(adapter: Adapter, plone_site: Site) -> None:
    adapter.deliver(outgoing(document()))
    plone_site.call("POST", "/van-ban-di/@move", {"source": PLACE})
    name = PLACE.rpartition("/")[2]
    assert adapter.deliver(outgoing(document())) == Delivered(f"van-ban-di/{name}")


def test_another_original_under_the_key_is_left_alone(adapter: Adapter) -> None:
    adapter.deliver(outgoing(document(number="12")))
    assert isinstance(adapter.deliver(outgoing(document(number="13"))), Retry)


def test_a_field_that_the_type_refuses_is_told_in_its_words(options: Options) -> None:
    adapter = Adapter({**options, "fields": {"subject": "ngay_ban_hanh", "promulgated_on": ""}}, 30)
    outcome = adapter.deliver(outgoing(document()))
    adapter.close()
    assert isinstance(outcome, Refused)
    assert outcome.code == "http_400"
    assert "ngay_ban_hanh" in outcome.reason


def test_steps_of_the_workflow_are_reported_once_each(adapter: Adapter, plone_site: Site) -> None:
    key = outgoing().key
    adapter.deliver(outgoing(document()))
    assert list(adapter.collect()) == []
    plone_site.call("POST", f"{PLACE}/@workflow/submit", {"comment": "đã vào sổ"})
    plone_site.call("POST", f"{PLACE}/@workflow/publish", {})
    first = list(adapter.collect())
    assert list(adapter.collect()) == first
    reports = [each.content for each in first]
    assert all(isinstance(each, StatusReport) for each in reports)
    told = [(each.delivery, each.code, each.words, each.staff) for each in reports]  # type: ignore[union-attr]
    assert told == [(key, "03", "đã vào sổ", plone_site.user), (key, "06", "", plone_site.user)]
    for each in first:
        adapter.collected(each.key)
    assert list(adapter.collect()) == []
    restarted = Adapter(adapter.options, 30)
    assert list(restarted.collect()) == []
    restarted.close()
    assert "Liên thông: đã báo 06" in plone_site.call("GET", PLACE).json()["subjects"]


def letter_of(site: Site, **fields: object) -> str:
    wanted = {"so_ky_hieu": "12/STC-VP", "ngay_ban_hanh": "2026-11-24", "noi_nhan": "H45.01; H45.02"}
    return item(site, "V/v quyết toán", {"Công văn 12.pdf": b"%PDF-1.7"}, **{**wanted, **fields})


def test_what_a_clerk_submits_is_a_letter_and_published_once_it_was_accepted(
    adapter: Adapter, plone_site: Site
) -> None:
    path = letter_of(plone_site, loai_van_ban="Tờ trình", nguoi_ky="Trần Thị B")
    [collected] = adapter.collect()
    assert collected.content == Letter(
        number="12",
        notation="STC-VP",
        promulgated_on=date(2026, 11, 24),
        type_name="Tờ trình",
        subject="V/v quyết toán",
        receivers=("H45.01", "H45.02"),
        files=(File(name="Công văn 12.pdf", content=b"%PDF-1.7"),),
        signer_name="Trần Thị B",
    )
    adapter.collected(collected.key)
    adapter.collected(collected.key)
    assert plone_site.call("GET", path).json()["review_state"] == "published"
    assert list(adapter.collect()) == []


def test_a_refusal_gives_it_back_with_the_reasons_in_its_history(adapter: Adapter, plone_site: Site) -> None:
    path = letter_of(plone_site)
    [collected] = adapter.collect()
    adapter.refused(collected.key, ["Không có cơ quan H45.02.", "Mã sai."])
    assert _last_step(plone_site, path) == ("private", "Không có cơ quan H45.02.\nMã sai.")
    plone_site.call("POST", f"{path}/@workflow/submit", {})
    assert [each.key for each in adapter.collect()] == [collected.key]


def test_what_cannot_be_a_letter_is_given_back_at_once(adapter: Adapter, plone_site: Site) -> None:
    path = letter_of(plone_site, noi_nhan=None, ngay_ban_hanh=None)
    assert list(adapter.collect()) == []
    state, words = _last_step(plone_site, path)
    assert state == "private"
    assert "ngay_ban_hanh" in words
    assert "noi_nhan" in words


def test_the_connection_is_tried_with_the_password(options: Options, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("sai-mat-khau")
    for password, expected in ((options["password"], Reached), (f"file:{wrong}", Unreachable)):
        adapter = Adapter({**options, "password": password}, 30)
        assert isinstance(adapter.check(), expected)
        adapter.close()


def _last_step(site: Site, path: str) -> tuple[str, str]:
    last = site.call("GET", f"{path}/@workflow").json()["history"][-1]
    return last["review_state"], last["comments"]
