"""While no time-stamps can be had: an alarm first, then new documents are refused, and nothing else is."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import urllib3
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import ValidationError
from structlog.testing import capture_logs

from exchange import preflight
from exchange.adapter import Collected
from exchange.collect import Collect
from exchange.context import clock
from exchange.core.refusal import Refused
from exchange.demo.pki import Pki
from exchange.ledger import stamps
from exchange.sequencing import Sequencing
from exchange.settings import load
from exchange.stamp_age import Standing
from exchange.stamping import Stamping
from tests.client_broker import running
from tests.house import House
from tests.pki import MakePki
from tests.processes import until
from tests.province import COMMUNE, FINANCE, OFFICE
from tests.tsa import Front

ALARM_HOURS, REFUSE_HOURS = 2, 6


@pytest.fixture
def roots(tmp_path: Path, pki: Pki) -> Path:
    file = tmp_path / "roots.pem"
    file.write_bytes(pki.root.public_bytes(Encoding.PEM))
    return file


@pytest.fixture
def house(tmp_path: Path, pki: Pki, front: Front, roots: Path) -> Iterator[House]:
    """A broker on SQLite that refuses after six hours."""
    house = House.build(
        tmp_path / "data",
        f"sqlite:///{tmp_path / 'exchange.sqlite'}",
        tsa_url=front.url,
        tsa_certificates=roots,
        stamp_age_alarm_hours=ALARM_HOURS,
        stamp_age_refuse_hours=REFUSE_HOURS,
    )
    pki.now = house.clock
    yield house
    house.close()


def sequenced(house: House) -> None:
    Sequencing(house.context).round()
    house.context.stamp_age.look()


def refused(act: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as caught:
        act()
    assert [each.code for each in caught.value.refusals] == ["time_not_proven"]
    return caught.value


@pytest.fixture
def unproven(house: House, front: Front) -> House:
    """Six hours ago the first entry came, and nothing was stamped since."""
    front.mood = front.status(503)
    house.send(OFFICE, FINANCE)
    sequenced(house)
    house.clock.pass_(hours=REFUSE_HOURS, seconds=1)
    return house


def test_an_alarm_comes_hours_before_anything_is_refused(house: House, front: Front) -> None:
    front.mood = front.status(503)
    house.send(OFFICE, FINANCE)
    sequenced(house)
    stamping = Stamping(house.context)
    for hours, alarms, standing in (
        (ALARM_HOURS, [], Standing.PROVEN),
        (0.5, [{"hours": 2.5, "refusing": False}], Standing.LATE),
        (REFUSE_HOURS - 2.5, [{"hours": 6.0, "refusing": False}], Standing.LATE),
        (0.5, [{"hours": 6.5, "refusing": True}], Standing.REFUSING),
    ):
        house.clock.pass_(hours=hours)
        with capture_logs() as logs:
            stamping.step()
            stamping.step()
        heard = [each for each in logs if each["event"] == "time_not_proven"]
        assert [{"hours": each["hours"], "refusing": each["refusing"]} for each in heard] == alarms
        assert all(each["log_level"] == "error" for each in heard)
        assert house.context.stamp_age.standing(house.clock.now) is standing


def test_new_documents_are_refused_until_there_is_a_stamp_again(unproven: House, front: Front) -> None:
    said = refused(lambda: unproven.send(OFFICE, FINANCE)).refusals[0]
    assert said.detail == "No time-stamp was had for more than 6 hours."
    assert said.detail_vi == "Chưa lấy được dấu thời gian trong hơn 6 giờ."
    front.mood = front.real
    assert Stamping(unproven.context).step()
    assert unproven.send(OFFICE, FINANCE).fresh


def test_up_to_the_very_hour_documents_are_taken(unproven: House) -> None:
    unproven.clock.pass_(seconds=-1)
    assert unproven.send(OFFICE, FINANCE).fresh


def test_what_was_accepted_is_delivered_and_reported_on_meanwhile(unproven: House) -> None:
    [content] = unproven.fetch_all(FINANCE)
    assert content
    document_id = stored_id(unproven)
    status = unproven.province.status(FINANCE, OFFICE, document_id, "03", unproven.clock.now)
    assert unproven.report(status, FINANCE).fresh


def stored_id(house: House) -> str:
    day = house.clock.now.astimezone(UTC)
    return f"{OFFICE},{day:%Y/%m/%d},1/UBND-VX"


def test_a_document_with_other_faults_hears_of_those_first(unproven: House) -> None:
    with pytest.raises(Refused) as caught:
        unproven.send(OFFICE, "000.00.99.H99")
    assert [each.code for each in caught.value.refusals] == ["receiver_unknown", "time_not_proven"]


def test_preflight_says_so_too(unproven: House) -> None:
    content = unproven.province.document(OFFICE, FINANCE, at=unproven.clock.now)
    token, now = unproven.province.token(OFFICE), unproven.clock.now
    answer = preflight.of_document(unproven.context, token, content, now)
    assert [each.code for each in answer.refusals] == ["time_not_proven"]


def test_a_collected_document_stays_where_it_is(unproven: House) -> None:
    content = unproven.province.document(OFFICE, COMMUNE, at=unproven.clock.now)
    adapter = unproven.adapter(OFFICE)
    told: list[str] = []
    adapter.collect = lambda: iter([Collected(key="a", content=content)])
    adapter.collected = lambda key: told.append(f"taken {key}")
    adapter.refused = lambda key, _reasons: told.append(f"refused {key}")
    collect = Collect(unproven.context, unproven.connections)
    with capture_logs() as logs:
        collect._collect(OFFICE)
    assert told == []
    assert [each["reason"] for each in logs if each["event"] == "not_taken_now"] == ["time_not_proven"]
    collect.close(1)


def test_a_quiet_ledger_does_not_grow_old(house: House) -> None:
    house.send(OFFICE, FINANCE)
    sequenced(house)
    assert Stamping(house.context).step()
    house.clock.pass_(days=30)
    house.context.stamp_age.look()
    assert house.context.stamp_age.standing(house.clock.now) is Standing.PROVEN
    assert house.send(OFFICE, FINANCE).fresh


def test_the_door_asks_no_database_about_it(unproven: House, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(unproven.context.database, "read", lambda: asked.append("read"))
    refused(lambda: unproven.context.stamp_age.check(unproven.clock.now))
    assert not asked


def test_a_database_that_does_not_answer_lets_the_age_grow(
    unproven: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    unproven.clock.pass_(hours=-1)
    age = unproven.context.stamp_age
    failures: list[int] = []

    def fail(_database: object) -> None:
        failures.append(1)
        raise OSError("no database")

    monkeypatch.setattr(stamps, "unproven_since", fail)
    with capture_logs() as logs:
        until(lambda: failures, 10, "a look of its own")
        until(lambda: any(each["event"] == "stamp_age_not_known" for each in logs), 10, "said so")
    assert age.alive()
    assert age.standing(unproven.clock.now) is Standing.LATE
    unproven.clock.pass_(hours=1)
    assert age.standing(unproven.clock.now) is Standing.REFUSING


@pytest.mark.parametrize("changes", [{"tsa_url": ""}, {"stamp_age_refuse_hours": 0}])
def test_nothing_is_refused_without_an_authority_or_without_a_limit(
    tmp_path: Path, front: Front, roots: Path, changes: dict[str, object]
) -> None:
    values = {"tsa_url": front.url, "tsa_certificates": roots, "stamp_age_refuse_hours": 3, **changes}
    house = House.build(tmp_path / "data", f"sqlite:///{tmp_path / 'exchange.sqlite'}", **values)
    house.send(OFFICE, FINANCE)
    sequenced(house)
    house.clock.pass_(days=100)
    assert house.send(OFFICE, FINANCE).fresh
    house.close()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tsa_url": "tsa.example"}, "must begin with http"),
        ({"tsa_url": "http://tsa.example"}, "needs tsa_certificates"),
        ({"stamp_age_refuse_hours": 2, "stamp_age_alarm_hours": 2}, "the alarm comes first"),
    ],
)
def test_settings_under_which_time_is_never_proven_or_refused_unwarned_are_named(
    changes: dict[str, object], reason: str
) -> None:
    with pytest.raises(ValidationError, match=reason):
        load(**changes)


def test_over_http_it_is_503_with_what_to_do_and_the_probes_tell(tmp_path: Path, make_pki: MakePki) -> None:
    pki = make_pki(now=clock)
    (tmp_path / "real.pem").write_bytes(pki.root.public_bytes(Encoding.PEM))
    values: dict[str, object] = {
        "tsa_certificates": tmp_path / "real.pem",
        "stamp_every_seconds": 0.2,
        "sequence_seconds": 0.1,
        "sweep_seconds": 0.1,
        "stamp_age_alarm_hours": 0.5 / 3600,
        "stamp_age_refuse_hours": 1 / 3600,
    }
    with Front(pki) as front, running(tmp_path, tsa_url=front.url, **values) as site:
        http = urllib3.PoolManager(retries=False)
        headers = {"Authorization": f"Bearer {site.province.secrets[OFFICE]}"}

        def post(content: bytes) -> Any:
            return http.request("POST", f"{site.url}/v1/documents", body=content, headers=headers)

        def ready() -> Any:
            answer = http.request("GET", f"{site.url}/health/ready")
            assert answer.status == 200  # all but new documents goes on
            return answer.json()

        def new() -> bytes:
            return site.province.document(OFFICE, FINANCE, at=datetime.now(UTC))

        def figure() -> float:
            figures = http.request("GET", f"{site.url}/metrics").data.decode()
            [line] = [each for each in figures.splitlines() if each.startswith("exchange_stamp_age_seconds ")]
            return float(line.split()[1])

        front.mood = front.status(500)
        first = new()
        accepted = post(first)
        assert accepted.status == 202
        until(lambda: ready()["time"] == "refusing", 20, "refusing")
        answer = post(new())
        assert (answer.status, answer.json()["code"]) == (503, "time_not_proven")
        assert answer.headers["Retry-After"] == "300"
        assert "send the same bytes again later" in answer.json()["refusals"][0]["remedy"]
        # What was accepted stays accepted.
        again = post(first)
        assert (again.status, again.data) == (202, accepted.data)
        until(lambda: figure() > 1, 10, "the figure grows")
        assert ready()["stamp_age_seconds"] >= 1
        front.mood = front.real
        until(lambda: ready()["time"] == "proven", 20, "proven")
        assert post(new()).status == 202
        http.clear()
