"""What is told of one document on a clerk's page: findings and history, in the visitor's language."""

from collections.abc import Mapping
from datetime import datetime

from exchange.context import Context, today
from exchange.core.acts import told
from exchange.core.pdf_findings import DocumentFindings
from exchange.ledger import acts, people
from exchange.ledger.reading import Dossier
from exchange.timeline import Event, timeline
from exchange.web.naming import name_on
from exchange.web.visitor import Visitor

Told = list[tuple[datetime, str]]


def findings_told(visit: Visitor, found: DocumentFindings | None) -> Mapping[int, list[str]]:
    """By the attachment's position: what was found out about the signatures inside."""
    if found is None:
        return {}
    shown: dict[int, list[str]] = {}
    for each in found.attachments:
        texts = list(each.text)
        if each.pdf is not None:
            texts = [*each.pdf.text, *(text for one in each.pdf.signatures for text in one.text)]
        shown[each.position] = [
            text.vi if visit.language == "vi" else text.en for text in dict.fromkeys(texts)
        ]
    return shown


def history_told(visit: Visitor, context: Context, dossier: Dossier) -> Told:
    """What happened to the document and what persons of the visitor's agency did, the oldest first.

    Single attempts are left out: where it stands says what a clerk needs of them.
    """
    events = [
        (each.at, _sentence(visit, context, each))
        for each in timeline(dossier)
        if not each.event.startswith("attempt_")
    ]
    return sorted(events + _own_acts(visit, context, dossier.document["id"]), key=lambda each: each[0])


def _sentence(visit: Visitor, context: Context, event: Event) -> str:
    """With the agency's name for its code."""
    text = event.text_vi if visit.language == "vi" else event.text
    directory = context.registry.current.directory
    return text.replace(event.agency, name_on(directory, event.agency, today(context.now())))


def _own_acts(visit: Visitor, context: Context, document: str) -> Told:
    own = [each for each in acts.of_document(context.database, document) if each.agency == visit.agency]
    names: dict[str, str] = {}
    for person in {str(each.body["person"]) for each in own}:
        account = people.by_id(context.database, person)
        names[person] = account.name if account else person
    place = 0 if visit.language == "vi" else 1
    shown: Told = []
    opened: set[str] = set()
    for each in own:
        person = str(each.body["person"])
        if each.event != "viewed" or person not in opened:  # the ledger has every look, the page the first
            shown.append((each.at, f"{names[person]}: {told(each.event)[place]}"))
        if each.event == "viewed":
            opened.add(person)
    return shown
