"""What follows from what is known of a certificate for a document that it signed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from exchange.core.refusal import Refusal, Refused
from exchange.core.standing import Assurance, Mode, Status, Verdict, judge

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
GOOD = Verdict(
    status=Status.GOOD,
    reason_en="It was not revoked.",
    reason_vi="Chưa bị thu hồi.",
    checked_at=NOW - HOUR,
    as_of=NOW - 2 * HOUR,
    good_until=NOW + HOUR,
)
REVOKED = replace(
    GOOD,
    status=Status.REVOKED,
    reason_en="The certificate was revoked.",
    revoked_at=NOW - HOUR,
    cause="superseded",
)
UNKNOWN = replace(GOOD, status=Status.UNKNOWN, reason_en="Nothing tells.", good_until=None)
MODES: tuple[Mode, ...] = ("soft", "hard")


def refusal(verdict: Verdict | None, mode: Mode, signed_at: datetime = NOW, now: datetime = NOW) -> Refusal:
    with pytest.raises(Refused) as refused:
        judge(verdict, mode, signed_at, now)
    [found] = refused.value.refusals
    return found


@pytest.mark.parametrize("verdict", [GOOD, REVOKED, UNKNOWN, None])
def test_where_revocation_is_off_nothing_is_refused_and_nothing_is_said(verdict: Verdict | None) -> None:
    assert judge(verdict, "off", NOW, NOW) == Assurance()


@pytest.mark.parametrize("mode", MODES)
def test_what_was_checked_is_said_to_be_good_with_its_age(mode: Mode) -> None:
    assert judge(GOOD, mode, NOW, NOW) == Assurance(revocation="good", as_of=NOW - 2 * HOUR)


@pytest.mark.parametrize("mode", MODES)
def test_a_document_signed_at_or_after_the_revocation_is_refused_with_its_time(mode: Mode) -> None:
    for signed_at in (NOW - HOUR, NOW):
        found = refusal(REVOKED, mode, signed_at)
        assert found.code == "certificate_revoked"
        assert found.values["revoked_at"] == "2026-11-24T02:00:00.000000Z"
        assert found.values["cause"] == "superseded"


@pytest.mark.parametrize("mode", MODES)
def test_a_document_signed_before_the_revocation_is_taken_and_the_acceptance_says_so(mode: Mode) -> None:
    said = judge(REVOKED, mode, NOW - HOUR - SECOND, NOW)
    assert said.revocation == "revoked_since"
    assert [each.code for each in said.notices] == ["certificate_revoked_since"]


@pytest.mark.parametrize("cause", ["key_compromise", "ca_compromise", "aa_compromise"])
def test_once_the_key_may_be_in_other_hands_no_time_of_signing_is_believed(cause: str) -> None:
    found = refusal(replace(REVOKED, cause=cause), "soft", NOW - 10 * HOUR)
    assert found.code == "certificate_revoked"
    assert "other hands" in found.detail
    assert "Khóa có thể đã lộ" in found.detail_vi


def test_a_revocation_counts_though_what_says_it_ran_out() -> None:
    assert refusal(replace(REVOKED, good_until=NOW - HOUR), "soft").code == "certificate_revoked"


@pytest.mark.parametrize(
    "verdict",
    [
        None,
        UNKNOWN,
        replace(UNKNOWN, status=Status.NOT_CHECKED),
        replace(UNKNOWN, status=Status.INVALID),
        replace(GOOD, good_until=NOW - SECOND),
        replace(GOOD, good_until=None),
    ],
    ids=["never asked", "unknown", "not checked", "no path", "ran out", "no end"],
)
def test_what_nobody_knows_is_never_called_good(verdict: Verdict | None) -> None:
    found = refusal(verdict, "hard")
    assert found.code == "revocation_unknown"
    assert found.values["retry_after_seconds"] > 0
    said = judge(verdict, "soft", NOW, NOW)
    assert said.revocation == "not_checked"
    assert said.as_of is None
    [notice] = said.notices
    assert notice.code == "revocation_not_checked"
    assert found.detail in notice.text
    assert found.detail_vi in notice.text


def test_what_is_known_is_good_until_its_last_moment() -> None:
    assert judge(GOOD, "hard", NOW, NOW + HOUR).revocation == "good"
    assert "2026-11-24 04:00:00 UTC" in refusal(GOOD, "hard", NOW, NOW + HOUR + SECOND).detail
