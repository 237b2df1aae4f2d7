"""Signing in: what opens a session, what locks, and what a second factor is good for."""

import unicodedata
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import monotonic, sleep

import pyotp
import pytest
from argon2 import PasswordHasher, extract_parameters, profiles

from exchange.context import Context
from exchange.core.lockout import Patience
from exchange.core.refusal import Refused
from exchange.ledger import acts, people, sessions
from exchange.ledger.people import AUDITOR, CLERK, Account
from exchange.ledger.sessions import ENROL, SECOND_FACTOR, SIGNED_IN, Session
from exchange.people import accounts, browsers, passwords, second_factor, sign_in
from exchange.people.accounts import Wanted
from exchange.people.session import life
from exchange.people.sign_in import Offer
from tests.conftest import MakeHouse
from tests.house import House
from tests.province import OFFICE

REAL = passwords._PARAMETERS
PASSWORD = "a password of tests alone"
HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a hash costs is looked at by one test alone."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    monkeypatch.setattr(passwords, "_NOBODY", [])


def account(context: Context, login: str = "auditor", role: str = AUDITOR, **values: str) -> Account:
    return accounts.create(context, Wanted(login=login, role=role, **values), PASSWORD)


def offer(house: House, password: str = PASSWORD, login: str = "auditor", address: str = HERE) -> str:
    return sign_in.with_password(house.context, Offer(login, password, address))


def session(house: House, cookie: str) -> Session | None:
    context = house.context
    return sessions.find(context.database, cookie, context.now(), life(context.settings))


def events(house: House) -> list[str]:
    return [each.event for each in acts.newest(house.context.database)]


def test_login_and_password_open_a_session(house: House) -> None:
    account(house.context)
    for login in ("auditor", " Auditor "):
        found = session(house, offer(house, login=login))
        assert found is not None
        assert (found.role, found.stage) == (AUDITOR, SIGNED_IN)
    assert events(house) == ["signed_in", "signed_in", "account_created"]


@pytest.mark.parametrize(("login", "password"), [("auditor", "wrong"), ("nobody", PASSWORD), ("auditor", "")])
def test_anything_else_opens_none(house: House, login: str, password: str) -> None:
    account(house.context)
    assert offer(house, password, login) == ""
    assert session(house, "") is None
    assert session(house, "made up") is None


def test_an_account_without_a_password_opens_by_none(house: House) -> None:
    accounts.create(house.context, Wanted(login="auditor", role=AUDITOR))
    assert offer(house, "") == ""


def test_a_disabled_account_opens_nothing_and_its_sessions_end(house: House) -> None:
    person = account(house.context)
    cookie = offer(house)
    accounts.disable(house.context, person)
    assert session(house, cookie) is None
    assert offer(house) == ""
    accounts.enable(house.context, person)
    assert offer(house)


# --- locks ---


def test_wrong_passwords_lock_the_account_longer_each_time(house: House) -> None:
    person = account(house.context)
    for _ in range(house.context.settings.sign_ins_free):
        assert offer(house, "wrong") == ""
    assert offer(house) == ""  # the right one, in the time of the lock
    house.clock.pass_(seconds=61)
    assert offer(house, "wrong") == ""
    house.clock.pass_(seconds=61)
    assert offer(house) == "", "the second lock is twice as long"
    house.clock.pass_(seconds=61)
    assert offer(house)
    found = people.by_id(house.context.database, person.id)
    assert found is not None
    assert found.failures == 0
    assert events(house)[:3] == ["signed_in", "sign_in_locked", "sign_in_locked"]


def test_tries_in_the_time_of_a_lock_make_it_no_longer(house: House) -> None:
    account(house.context)
    for _ in range(house.context.settings.sign_ins_free + 20):
        offer(house, "wrong")
    house.clock.pass_(seconds=61)
    assert offer(house)


def test_a_stranger_who_tries_from_everywhere_does_not_keep_the_person_out(house: House) -> None:
    person = account(house.context)
    mark = browsers.mark(house.context.settings, person.id)
    free = house.context.settings.sign_ins_free
    for number in range(free * sign_in.STRANGERS_FREE_FACTOR):
        offer(house, "wrong", address=f"198.51.100.{number}")
    assert offer(house, address=ELSEWHERE) == "", "strangers wait for each other, for a moment"
    known = Offer("auditor", PASSWORD, ELSEWHERE, lambda _: mark)
    assert sign_in.with_password(house.context, known), (
        "a browser that the person used before is judged alone"
    )
    house.clock.pass_(seconds=61)
    assert offer(house, address=ELSEWHERE), "and no stranger is kept out for longer than a minute"


def test_a_known_browser_is_locked_by_its_own_wrong_tries(house: House) -> None:
    person = account(house.context)
    mark = browsers.mark(house.context.settings, person.id)
    for _ in range(house.context.settings.sign_ins_free):
        sign_in.with_password(house.context, Offer("auditor", "wrong", HERE, lambda _: mark))
    assert sign_in.with_password(house.context, Offer("auditor", PASSWORD, ELSEWHERE, lambda _: mark)) == ""


def test_a_mark_of_another_account_or_a_made_up_one_makes_no_browser_known(house: House) -> None:
    person = account(house.context)
    other = browsers.mark(house.context.settings, "somebody-else")
    for mark in ("", "made up", other):
        assert browsers.source(house.context.settings, person.id, mark, HERE) == HERE


def test_an_operator_opens_a_lock(house: House) -> None:
    person = account(house.context)
    for _ in range(house.context.settings.sign_ins_free):
        offer(house, "wrong")
    accounts.unlock(house.context, person)
    assert offer(house)


def test_an_address_that_tries_many_names_is_locked_for_all_of_them_and_others_are_not(house: House) -> None:
    account(house.context)
    for number in range(house.context.settings.sign_ins_free * sign_in.ADDRESS_FREE_FACTOR):
        assert offer(house, "wrong", f"name{number}") == ""
    assert offer(house) == ""
    assert offer(house, address=ELSEWHERE)
    house.clock.pass_(seconds=16)
    assert offer(house)


def test_refused_sign_ins_are_counted_by_address_for_alarms(house: House) -> None:
    account(house.context)
    begin = house.clock.now - timedelta(seconds=1)
    for address in (HERE, HERE, ELSEWHERE):
        offer(house, "wrong", address=address)
    with house.context.database.read() as connection:
        assert people.refused_sign_ins(connection, begin) == {HERE: 2, ELSEWHERE: 1}
        assert people.refused_sign_ins(connection, house.clock.now) == {}


def test_the_wait_doubles_up_to_its_most() -> None:
    patience = Patience(free=3, first=timedelta(minutes=1), most=timedelta(minutes=60))
    waits = [patience.wait(refused).total_seconds() / 60 for refused in (0, 2, 3, 4, 5, 8, 9, 10, 10**9)]
    assert waits == [0, 0, 1, 2, 4, 32, 60, 60, 60]


# --- sessions ---


def test_a_session_ends_when_it_is_not_used_and_at_the_latest_after_its_hours(house: House) -> None:
    account(house.context)
    cookie = offer(house)
    idle = house.context.settings.session_idle_minutes
    for _ in range(3):
        house.clock.pass_(minutes=idle - 1)
        assert session(house, cookie) is not None
    house.clock.pass_(minutes=idle)
    assert session(house, cookie) is None

    cookie = offer(house)
    for _ in range(int(house.context.settings.session_hours * 60 / (idle - 1)) + 1):
        house.clock.pass_(minutes=idle - 1)
        session(house, cookie)
    assert session(house, cookie) is None


def test_a_new_password_ends_all_sessions_but_the_one_that_set_it(house: House) -> None:
    person = account(house.context)
    cookie, other = offer(house), offer(house)
    own = session(house, cookie)
    assert own is not None
    accounts.set_password(house.context, person, "quite another password", keep=own.hash)
    assert session(house, cookie) is not None
    assert session(house, other) is None
    assert offer(house) == ""
    assert offer(house, "quite another password")


def test_the_database_holds_no_cookie_no_password_and_no_code(house: House) -> None:
    person = account(house.context)
    secret = second_factor.new_secret()
    codes = second_factor.take(house.context, person, secret, pyotp.TOTP(secret).at(house.clock.now))
    cookie = offer(house)
    kept = people.by_id(house.context.database, person.id)
    assert kept is not None
    assert kept.password.startswith("$argon2id$v=19$")
    own = session(house, cookie)
    assert own is not None
    for plain in (cookie, PASSWORD, secret, *codes):
        assert plain not in f"{kept}{own}"


# --- the second factor ---


def with_factor(house: House, role: str = AUDITOR) -> tuple[str, tuple[str, ...]]:
    """An account with a second factor: its secret, its recovery codes."""
    values = {"agency": OFFICE} if role == CLERK else {}
    person = account(house.context, role=role, **values)
    secret = second_factor.new_secret()
    codes = second_factor.take(house.context, person, secret, pyotp.TOTP(secret).at(house.clock.now))
    assert len(codes) == second_factor.CODES
    house.clock.pass_(seconds=30)
    return secret, codes


def show(house: House, cookie: str, code: str) -> str:
    waiting = session(house, cookie)
    assert waiting is not None
    assert waiting.stage == SECOND_FACTOR
    return sign_in.with_second_factor(house.context, waiting, code, HERE)


def test_password_and_code_open_a_session_and_the_half_one_ends(house: House) -> None:
    secret, _ = with_factor(house)
    half = offer(house)
    cookie = show(house, half, pyotp.TOTP(secret).at(house.clock.now))
    found = session(house, cookie)
    assert found is not None
    assert found.stage == SIGNED_IN
    assert session(house, half) is None


@pytest.mark.parametrize("steps", [-2, 2])
def test_a_code_of_another_time_opens_none(house: House, steps: int) -> None:
    secret, _ = with_factor(house)
    code = pyotp.TOTP(secret).at(house.clock.now + timedelta(seconds=30 * steps))
    assert show(house, offer(house), code) == ""


def test_a_code_is_good_once_and_so_is_each_before_it(house: House) -> None:
    secret, _ = with_factor(house)
    now, before = house.clock.now, house.clock.now - timedelta(seconds=30)
    assert show(house, offer(house), pyotp.TOTP(secret).at(now))
    assert show(house, offer(house), pyotp.TOTP(secret).at(now)) == ""
    assert show(house, offer(house), pyotp.TOTP(secret).at(before)) == ""


def test_a_recovery_code_is_good_once_however_it_is_typed(house: House) -> None:
    _, codes = with_factor(house)
    assert show(house, offer(house), f" {codes[0].upper().replace('-', ' ')} ")
    assert show(house, offer(house), codes[0]) == ""
    assert show(house, offer(house), codes[1])
    assert "recovery_code_used" in events(house)


def test_new_recovery_codes_take_the_place_of_the_old(house: House) -> None:
    _, codes = with_factor(house)
    person = people.by_login(house.context.database, "auditor")
    assert person is not None
    new = second_factor.renew(house.context, person)
    assert show(house, offer(house), codes[0]) == ""
    assert show(house, offer(house), new[0])


def test_wrong_codes_lock_like_wrong_passwords(house: House) -> None:
    secret, _ = with_factor(house)
    half = offer(house)
    for _ in range(house.context.settings.sign_ins_free):
        assert show(house, half, "000000x") == ""
    assert show(house, half, pyotp.TOTP(secret).at(house.clock.now)) == ""
    house.clock.pass_(seconds=61)
    assert show(house, half, pyotp.TOTP(secret).at(house.clock.now))


def test_a_right_password_does_not_open_more_tries_for_the_code(house: House) -> None:
    with_factor(house)
    for _ in range(house.context.settings.sign_ins_free):
        assert show(house, offer(house), "000000x") == ""
    assert offer(house) == "", "the account is locked, whoever has the password"


def test_a_role_that_needs_a_second_factor_does_not_get_in_without_one(make_house: MakeHouse) -> None:
    house = make_house(second_factor_roles=("auditor",))
    account(house.context)
    found = session(house, offer(house))
    assert found is not None
    assert found.stage == ENROL


def test_who_lost_everything_sets_up_a_new_one_after_the_operator_removed_it(house: House) -> None:
    with_factor(house)
    person = people.by_login(house.context.database, "auditor")
    assert person is not None
    accounts.reset_second_factor(house.context, person)
    found = session(house, offer(house))
    assert found is not None
    assert found.stage == SIGNED_IN
    assert people.recovery_codes_left(house.context.database, person.id) == 0


def test_a_secret_opens_with_the_key_of_this_exchange_alone(make_house: MakeHouse) -> None:
    house = make_house()
    secret, _ = with_factor(house)
    person = people.by_login(house.context.database, "auditor")
    assert person is not None
    people.change(
        house.context.database,
        person.id,
        accounts._act(house.context, "account_changed", person, None),
        totp_secret=person.totp_secret[:-6] + "AAAA==",
    )
    assert show(house, offer(house), pyotp.TOTP(secret).at(house.clock.now)) == ""


# --- passwords ---


@pytest.mark.parametrize("password", ["short", "a" * 12, "a" * 201 + "bcdefg", "eleven char"])
def test_a_password_that_is_guessed_soon_is_not_taken(password: str) -> None:
    assert not passwords.fits(password)


@pytest.mark.parametrize(
    "password",
    ["password1234", "matkhau123456", "congvan2026!!", "qwertyuiop123", "1234567890123", "lan.nguyen.2026"],
)
def test_what_everybody_would_try_first_is_no_password(house: House, password: str) -> None:
    person = account(house.context, login="lan.nguyen")
    with pytest.raises(Refused, match="account_invalid"):
        accounts.set_password(house.context, person, password)


def test_an_attack_by_long_passwords_costs_little_time() -> None:
    begin = monotonic()
    for password in ("a" * 200, "aB1" * 66, "password" * 25, "1990" * 50):
        passwords.guessed(password, "login")
    assert monotonic() - begin < 2


def test_a_password_of_older_parameters_is_kept_under_those_of_now(house: House) -> None:
    person = account(house.context)
    old = PasswordHasher(time_cost=2, memory_cost=64).hash(PASSWORD)
    people.rehash(house.context.database, person.id, old)
    assert offer(house)
    kept = people.by_id(house.context.database, person.id)
    assert kept is not None
    assert not passwords.outdated(kept.password)
    assert offer(house)


def test_a_hash_costs_what_the_standard_recommends() -> None:
    real = PasswordHasher.from_parameters(REAL)
    assert REAL == profiles.RFC_9106_LOW_MEMORY
    assert extract_parameters(real.hash(PASSWORD)) == profiles.RFC_9106_LOW_MEMORY


def test_a_flood_of_sign_ins_is_turned_away_before_it_takes_all_threads(house: House) -> None:
    account(house.context)
    held = [passwords._turn() for _ in range(2)]
    for each in held:
        each.__enter__()
    try:
        threads = [ThreadPoolExecutor(1) for _ in range(6)]
        waiting = [thread.submit(passwords.matches, PASSWORD, "") for thread in threads]
        until = monotonic() + 10
        while passwords._WAITING._value and monotonic() < until:
            sleep(0.01)
        with pytest.raises(Refused, match="broker_busy"):
            offer(house)
    finally:
        for each in held:
            each.__exit__(None, None, None)
    assert [each.result(timeout=10) for each in waiting] == [False] * 6
    assert offer(house)


# --- attacks ---


def test_a_password_is_the_same_on_every_keyboard(house: House) -> None:
    typed = "Mật khẩu của văn thư"
    person = account(house.context)
    accounts.set_password(house.context, person, unicodedata.normalize("NFD", typed))
    for form in ("NFC", "NFD"):
        assert offer(house, password=unicodedata.normalize(form, typed))


def test_of_two_who_use_one_invitation_at_once_one_sets_the_password(house: House) -> None:
    person = account(house.context)
    hash_ = sessions.hashed(accounts.invite(house.context, person).rpartition("/")[2])
    chosen = ("the first password", "the second password")
    done = [accounts.set_password(house.context, person, each, invitation=hash_) for each in chosen]
    assert done == [True, False]
    assert offer(house, password=chosen[0])
    assert not offer(house, password=chosen[1])
