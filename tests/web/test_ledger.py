"""The ledger's page: what proves it, and files verified in plain words; settings without secrets."""

import http.client
from uuid import uuid4

import pytest
from pydantic import SecretStr

from exchange.settings import Settings
from exchange.web import shown_settings
from tests.house import TEST_VALUES, settings_for
from tests.province import DISTRICT, FINANCE
from tests.web.browser import BrowserPage, Site, audit_page, picture
from tests.web.requests import ask, send, token_of
from tests.web.stock import Stock


def verified(site: Site, content: bytes, name: str = "file.edxml", role: str = "auditor") -> tuple[int, str]:
    boundary = uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n'.encode(),
        f"{token_of(site, role)}\r\n".encode(),
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n".encode()
        + content
        + b"\r\n",
        f"--{boundary}--\r\n".encode(),
    ]
    connection = http.client.HTTPConnection("127.0.0.1", site.running.port, timeout=20)
    headers = {
        "Cookie": f"session={site.cookies[role]}",
        "Content-Type": f"multipart/form-data; boundary={boundary}",
    }
    try:
        connection.request("POST", "/web/ledger/verify", b"".join(parts), headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_a_document_and_its_bundle_are_verified_in_words(site: Site, stock: Stock) -> None:
    document = stock.ids["delivered"]
    content = send(site, f"/web/documents/{document}/content", "administrator").content
    status, text = verified(site, content)
    assert status == 200
    assert "Không thấy gì sai" in text
    assert FINANCE in text
    assert f"/web/documents/{document}" in text, "it leads to the document that it is"
    bundle = send(site, f"/web/documents/{document}/evidence", "administrator").content
    status, text = verified(site, bundle, "hồ sơ.asice")
    assert status == 200
    assert "Đã chứng minh" in text


def test_a_changed_document_is_told_to_be_wrong(site: Site, stock: Stock) -> None:
    content = send(site, f"/web/documents/{stock.ids['delivered']}/content", "administrator").content
    _, text = verified(site, content.replace("triển khai".encode(), "huỷ bỏ".encode()))
    assert "Có điều không đúng" in text


@pytest.mark.parametrize("content", [b"", b"hello", b"<a/>", b"PK\x03\x04nothing", b"%PDF-"], ids=range(5))
def test_what_cannot_be_verified_is_answered(site: Site, content: bytes) -> None:
    status, text = verified(site, content, '"><script>.pdf')
    assert status in (200, 422)
    assert "<script>." not in text
    assert 'role="alert"' in text or "Không thấy gì sai" in text


def test_a_file_is_dropped_into_the_page(browser_page: BrowserPage, site: Site, stock: Stock) -> None:
    content = send(site, f"/web/documents/{stock.ids['delivered']}/content", "administrator").content
    page = browser_page("auditor", "vi")
    page.goto("/web/ledger")
    page.set_input_files(
        "[name=file]", {"name": "van-ban.edxml", "mimeType": "application/xml", "buffer": content}
    )
    page.click("form.drop button")
    page.wait_for_selector(".notice.good")
    audit_page(page)
    picture(page, "verified")


def test_a_time_stamp_that_is_not_there(site: Site) -> None:
    for size in ("0", "99999999999999999999999999"):
        assert ask(site, "GET", f"/web/ledger/stamps/{size}", "auditor").status == 404


SECRET = "hunter2"


def with_secrets(tmp_path: object) -> tuple[Settings, set[str]]:
    given: dict[str, object] = {
        "queue_url": f"amqp://user:{SECRET}@host:5672//",
        "database_url": f"postgresql+psycopg://user:{SECRET}@host/name?password={SECRET}",
        "revocation_proxy": f"http://user:{SECRET}@proxy:3128",
    }
    for name, field in Settings.model_fields.items():
        if (
            field.annotation in (str, SecretStr)
            and shown_settings._SECRET.search(name)
            and name[-5:] != "_file"
        ):
            given[name] = SECRET
    url = given.pop("database_url")
    return settings_for(tmp_path, url, **given), {"database_url", *given}  # type: ignore[arg-type]


def test_every_setting_is_shown_and_no_secret_is(tmp_path: object) -> None:
    settings, given = with_secrets(tmp_path)
    shown = {each.name: each for _, several in shown_settings.sections(settings) for each in several}
    assert set(shown) == set(Settings.model_fields)
    changed = {name for name, each in shown.items() if each.changed}
    assert changed <= {"data", *TEST_VALUES, *given}
    assert not [name for name, each in shown.items() if SECRET in f"{each.value}{each.default}"]
    assert shown["database_url"].value == "postgresql+psycopg://…@host/name?…"
    assert shown["queue_url"].value == "amqp://…@host:5672//"


@pytest.mark.parametrize(
    "name", ["mail_password", "oidc_client_secret", "signing_key", "api_token", "key_of_it", "passwd"]
)
def test_a_name_that_tells_of_a_secret_hides_its_value(name: str) -> None:
    assert shown_settings.seen(name, SECRET) is None
    assert shown_settings.seen(name, "") == ""


def test_an_address_is_shown_without_what_opens_it() -> None:
    for given, seen in (
        (f"https://a:{SECRET}@host/x", "https://…@host/x"),
        (f"https://host:8443/x?token={SECRET}", "https://host:8443/x?…"),
        (f"https://[{SECRET}", "…"),
        ("key+name+1a2b https://w.example.vn", "key+name+1a2b https://w.example.vn"),
    ):
        assert shown_settings.seen("address", given) == seen
    assert shown_settings.seen("alarm_webhook_url", f"https://host/hooks/{SECRET}") == "https://host/…"


def test_the_page_of_settings_is_for_seeing_alone(site: Site) -> None:
    text = ask(site, "GET", "/web/settings", "auditor").text
    assert "document_bytes_max" in text
    assert "<main" in text
    assert "<form" not in text.partition("<main")[2]
    assert DISTRICT not in text
