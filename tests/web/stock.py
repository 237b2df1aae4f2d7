"""Documents in the pages' site: under way, delivered, not delivered; under names that no other test uses."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from exchange.core.delivery import Step
from exchange.ledger import reading
from exchange.ledger.settle import Settlement, settle
from tests import pdfs
from tests.house import Clock, House
from tests.province import COMMUNE, DISTRICT, FINANCE, OFFICE
from tests.web.browser import Site

SUBJECTS = {
    "delivered": "V/v triển khai Đề án chuyển đổi số kho tài liệu",
    "under_way": "V/v góp ý dự thảo Quy chế tiếp nhận <b>& xử lý</b>",
    "expired": "V/v rà soát chỉ tiêu đã quá hạn",
    "refused": "V/v mời họp bị từ chối",
}
LONG = "V/v " + "kiểm tra, đôn đốc việc thực hiện nhiệm vụ được giao " * 8


@dataclass(frozen=True)
class Stock:
    """The ids of the documents, by what became of them."""

    ids: Mapping[str, str]


@pytest.fixture(scope="session")
def stock(site: Site) -> Stock:
    """Made once; what tests do to documents they do to others."""
    delivered = sent(site, FINANCE, DISTRICT, COMMUNE, subject=SUBJECTS["delivered"])
    for each in (DISTRICT, COMMUNE):
        ended(site, delivered, each, Step.PROVEN)
    expired = sent(site, FINANCE, DISTRICT, subject=SUBJECTS["expired"])
    ended(site, expired, DISTRICT, Step.EXPIRE, "expired", "Quá hạn chuyển / Not delivered within its time")
    refused = sent(site, FINANCE, OFFICE, subject=SUBJECTS["refused"])
    ended(site, refused, OFFICE, Step.REJECT, "http_422", "Phần mềm nơi nhận không đọc được tệp")
    under_way = sent(site, FINANCE, OFFICE, DISTRICT, subject=SUBJECTS["under_way"])
    sent(site, FINANCE, DISTRICT, subject=LONG)
    return Stock({"delivered": delivered, "expired": expired, "refused": refused, "under_way": under_way})


def sent(site: Site, sender: str, *receivers: str, **changes: object) -> str:
    """The id of a document that was accepted just now; its attachment is a PDF that nobody signed."""
    house = House(site.running.broker, site.running.province, Clock(datetime.now(UTC)))
    return house.send(sender, *receivers, **{"attachment": pdfs.plain(), **changes}).id


def ended(site: Site, document: str, receiver: str, step: Step, cause: str = "", reason: str = "") -> None:
    """The document's delivery to that receiver ends so."""
    context = site.running.broker.context
    dossier = reading.dossier(context.database, document)
    assert dossier is not None
    [delivery] = [row["id"] for row in dossier.deliveries if row["receiver"] == receiver]
    settlement = Settlement(delivery=delivery, step=step, at=context.now(), cause=cause, reason=reason)
    [settled] = settle(context.database, [settlement], context.issuer.end)
    assert settled.applied
