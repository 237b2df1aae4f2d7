"""The frame of all pages: sign-in, languages, headers, errors."""

import re
from pathlib import Path

import pytest
from jinja2 import Environment

from exchange.web import rendering, texts
from tests.web.browser import (
    PASSWORD,
    TOURS,
    BrowserPage,
    audit_page,
    fits_width,
    picture,
)

TEMPLATES = sorted((rendering.HERE / "templates").glob("*.html"))


@pytest.mark.parametrize("language", TOURS)
def test_a_person_signs_in_and_out(browser_page: BrowserPage, language: str) -> None:
    page = browser_page("", language, TOURS[language])
    page.goto("/web/account")
    assert page.locator("html").get_attribute("lang") == language
    assert "/web/sign-in" in page.url
    audit_page(page)
    fits_width(page)
    picture(page, f"sign-in-{language}")
    page.fill("[name=login]", "vanthu")
    page.fill("[name=password]", "wrong")
    page.click("main button")
    assert page.locator("[role=alert]").is_visible()
    audit_page(page)
    page.fill("[name=password]", PASSWORD)
    page.click("main button")
    page.wait_for_url("**/web/account")
    audit_page(page)
    fits_width(page)
    picture(page, f"account-{language}")
    page.click("header form button")
    page.wait_for_url("**/web/sign-in")
    page.goto("/web/account")
    assert "/web/sign-in" in page.url


def test_every_text_of_a_template_is_there() -> None:
    missing = [
        f"{path.name}: {key}"
        for path in TEMPLATES
        for key in re.findall(r"""\bt\(\s*["']([^"']+)["']\s*[,)]""", path.read_text("utf-8"))
        if key not in texts.TEXTS
    ]
    assert missing == []


def test_every_text_is_there_in_both_languages_with_the_same_places_to_fill() -> None:
    places = re.compile(r"\{(\w+)\}")
    for key, (vietnamese, english) in texts.TEXTS.items():
        assert vietnamese, key
        assert english, key
        assert set(places.findall(vietnamese)) == set(places.findall(english)), key


def test_no_key_is_said_twice() -> None:
    assert sum(len(area) for area in texts.AREAS) == len(texts.TEXTS)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_holds_no_script_and_no_style_of_its_own(path: Path) -> None:
    source = path.read_text("utf-8")
    Environment(autoescape=True).parse(source)
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|hx-on|javascript:", source)
    assert not re.search(r"(src|href|action)=\"(https?:)?//", source)
    posts = len(re.findall(r"<form[^>]*method=\"post\"", source))
    assert posts == source.count("csrf_field()"), "each form that changes something carries the token"
