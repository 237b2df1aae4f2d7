"""What pages say: one dictionary per area, from a key to the Vietnamese and the English text.

``{name}`` in a text is filled in by ``t("key", name=…)``. A new area's dictionary goes into ``AREAS``.
"""

from collections.abc import Mapping

from exchange.web.texts import (
    accounts,
    administering,
    agencies,
    desk,
    documents,
    failures,
    frame,
    ledger,
    overview,
    paper,
    reports,
    sending,
)

Texts = Mapping[str, tuple[str, str]]
LANGUAGES = ("vi", "en")

AREAS: tuple[Texts, ...] = (
    frame.TEXTS,
    accounts.TEXTS,
    administering.TEXTS,
    documents.TEXTS,
    desk.TEXTS,
    sending.TEXTS,
    agencies.TEXTS,
    overview.TEXTS,
    reports.TEXTS,
    paper.TEXTS,
    failures.TEXTS,
    ledger.TEXTS,
)

TEXTS: Texts = {key: text for area in AREAS for key, text in area.items()}


def said(key: str, language: str, **values: object) -> str:
    """The text of this key; raises ``KeyError`` if there is none."""
    text = TEXTS[key][LANGUAGES.index(language)]
    return text.format(**values) if values else text
