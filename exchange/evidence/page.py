"""The account as a page: self-contained HTML for any screen, in Vietnamese and English."""

from functools import singledispatch

from lxml import etree
from lxml.builder import E

from exchange.evidence.account import TITLE, Account, Both, Listing, Pairs, Section, Table, Timeline, local
from exchange.evidence.style import STYLE

Element = etree._Element


def page(account: Account) -> bytes:
    """HTML in UTF-8."""
    head = E.head(
        E.meta(charset="utf-8"),
        E.meta(name="viewport", content="width=device-width, initial-scale=1"),
        E.title(f"{TITLE.vi} {account.number}"),
        E.style(STYLE),
    )
    header = E.header(E.h1(*_words(TITLE)), E.p(account.number, {"class": "number"}))
    main = E.main(*(element for section in account.sections for element in _section(section)))
    html = E.html(head, E.body(header, main), lang="vi")
    return etree.tostring(html, method="html", encoding="UTF-8", doctype="<!DOCTYPE html>", pretty_print=True)


def _section(section: Section) -> list[Element]:
    return [E.h2(*_words(section.heading)), *map(_element, section.blocks)]


def _words(both: Both) -> list[str | Element]:
    """Within a line."""
    return [both.vi, " ", E.span(both.en, lang="en")] if both.en else [both.vi]


def _sentences(both: Both) -> list[Element]:
    """One below the other."""
    return [E.p(both.vi), E.p(both.en, lang="en")] if both.en else [E.p(both.vi)]


@singledispatch
def _element(block: object) -> Element:
    raise TypeError(f"no way to show {type(block).__name__}")


@_element.register
def _(block: Pairs) -> Element:
    items: list[Element] = []
    for name, value in block.rows:
        items += [E.dt(*_words(name)), E.dd(value)]
    return E.dl(*items)


@_element.register
def _(block: Table) -> Element:
    head = E.tr(*(E.th(*_words(each), scope="col") for each in block.heads))
    rows = [
        E.tr(E.th(*_words(first), scope="row"), *(E.td(*_words(each)) for each in rest))
        for first, *rest in block.rows
    ]
    return E.table(E.caption(*_words(block.caption)), E.thead(head), E.tbody(*rows))


@_element.register
def _(block: Timeline) -> Element:
    steps = [E.li(E.time(local(at), datetime=at.isoformat()), *_sentences(said)) for at, said in block.events]
    return E.ol(*steps, {"class": "timeline"})


@_element.register
def _(block: Listing) -> Element:
    items = [E.li(*_sentences(said), *([E.pre(command)] if command else [])) for said, command in block.items]
    return E.ol(*items) if block.numbered else E.ul(*items)
