"""Accounts: made, invited, shut and opened again; each with its entry in the ledger."""

import re
from dataclasses import dataclass
from datetime import timedelta

from exchange.context import Context, today
from exchange.core.refusal import Refusal, Refused
from exchange.ids import new_id, new_secret
from exchange.ledger import people, sessions
from exchange.ledger.acts import OPERATOR, Act
from exchange.ledger.people import CLERK, ROLES, Account, LoginTaken
from exchange.people import passwords

LOGIN = re.compile(r"[a-z0-9][a-z0-9._@-]{2,63}")
NAME_CHARACTERS_MAX, EMAIL_CHARACTERS_MAX, SUBJECT_CHARACTERS_MAX = 200, 254, 255
INVITATION_DAYS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who does it: an administrator, or whoever has the machine."""

    person: str = OPERATOR
    role: str = OPERATOR


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An account that is wanted, as somebody wrote it."""

    login: str
    role: str
    name: str = ""
    email: str = ""
    agency: str = ""
    subject: str = ""


def create(context: Context, wanted: Wanted, password: str = "", by: By | None = None) -> Account:
    """A new account; raises ``Refused`` (``account_invalid``) with all that is wrong."""
    agency = _check(context, wanted, password)
    now = context.now()
    account = Account(
        id=new_id(),
        login=wanted.login.strip().lower(),
        name=wanted.name.strip() or wanted.login.strip(),
        email=wanted.email.strip(),
        role=wanted.role,
        agency=agency,
        subject=wanted.subject.strip() or None,
        password=passwords.hashed(password) if password else "",
        created_at=now,
        changed_at=now,
    )
    act = _act(context, "account_created", account, by, login=account.login, role_given=account.role)
    try:
        people.create(context.database, account, act)
    except LoginTaken:
        raise _wrong(
            "login", "is taken, or the subject is", "đã có người dùng, hoặc subject đã dùng"
        ) from None
    return account


def _check(context: Context, wanted: Wanted, password: str) -> str:
    """The key of the account's agency, "" if it has none; raises ``Refused``."""
    found: list[Refusal] = []
    if not LOGIN.fullmatch(wanted.login.strip().lower()):
        found += _wrong(
            "login",
            "needs 3 to 64 characters: letters a to z, digits, . _ @ -",
            "cần 3 đến 64 ký tự: chữ a–z, số, . _ @ -",
        ).refusals
    if wanted.role not in ROLES:
        found += _wrong("role", f"must be one of {', '.join(ROLES)}", f"phải là {', '.join(ROLES)}").refusals
    for field, most in (
        ("name", NAME_CHARACTERS_MAX),
        ("email", EMAIL_CHARACTERS_MAX),
        ("subject", SUBJECT_CHARACTERS_MAX),
    ):
        text = getattr(wanted, field)
        if len(text) > most or not text.isprintable():
            limit = f"takes at most {most} printable characters", f"tối đa {most} ký tự in được"
            found += _wrong(field, *limit).refusals
    if password and not passwords.fits(password):
        found += weak("password").refusals
    agency, wrong = _agency(context, wanted)
    if wrong is not None:
        found += wrong.refusals
    if found:
        raise Refused(*found)
    return agency


def _agency(context: Context, wanted: Wanted) -> tuple[str, Refused | None]:
    if wanted.role != CLERK:
        needless = _wrong("agency", "only a clerk has one", "chỉ văn thư mới có cơ quan")
        return "", needless if wanted.agency else None
    found = context.registry.current.directory.find(wanted.agency.strip(), today(context.now()))
    if found is None:
        return "", _wrong(
            "agency",
            f"{wanted.agency[:100] or '(none)'} is no agency of the directory; a clerk needs one",
            f"{wanted.agency[:100] or '(trống)'} không có trong danh bạ; văn thư cần có cơ quan",
        )
    return found.code, None


def weak(where: str) -> Refused:
    """A new password that cannot be taken."""
    least = passwords.CHARACTERS_MIN
    return _wrong(
        where,
        f"needs {least} to {passwords.CHARACTERS_MAX} characters, at least five of them different",
        f"cần {least} đến {passwords.CHARACTERS_MAX} ký tự, ít nhất năm ký tự khác nhau",
    )


def _wrong(where: str, detail: str, detail_vi: str) -> Refused:
    refusal = Refusal(
        code="account_invalid", where=where, detail=f"{where} {detail}.", detail_vi=f"{where} {detail_vi}."
    )
    return Refused(refusal)


def invite(context: Context, account: Account, by: By | None = None) -> str:
    """The path of a page where the person sets the password, once; earlier ones open nothing any more."""
    secret, now = new_secret(), context.now()
    act = _act(context, "account_invited", account, by)
    until = now + timedelta(days=INVITATION_DAYS)
    people.invite(context.database, account.id, sessions.hashed(secret), until, act)
    return f"/web/invitation/{secret}"


def set_password(
    context: Context,
    account: Account,
    password: str,
    by: By | None = None,
    *,
    keep: str = "",
    invitation: str = "",
) -> bool:
    """A new password: ends all sessions but ``keep``; raises ``Refused`` where it is too weak.

    False where it is set by an invitation (the hash of its secret) that somebody used meanwhile.
    """
    if not passwords.fits(password):
        raise weak("password")
    act = _act(context, "password_changed", account, by)
    kept = passwords.hashed(password)
    return people.set_password(context.database, account.id, kept, act, keep, invitation)


def disable(context: Context, account: Account, by: By | None = None) -> None:
    """Nobody signs in with it any more, and who is signed in is so no longer."""
    people.disable(context.database, account.id, _act(context, "account_disabled", account, by))


def enable(context: Context, account: Account, by: By | None = None) -> None:
    """Its person may sign in again."""
    act = _act(context, "account_enabled", account, by)
    people.change(context.database, account.id, act, disabled_at=None)


def unlock(context: Context, account: Account, by: By | None = None) -> None:
    """Refused sign-ins of before count no more."""
    act = _act(context, "account_unlocked", account, by)
    people.change(context.database, account.id, act, failures=0, locked_until=None)


def reset_second_factor(context: Context, account: Account, by: By | None = None) -> None:
    """The person sets up a new one, if the role needs it, when signing in next; sessions end."""
    act = _act(context, "second_factor_reset", account, by)
    people.remove_second_factor(context.database, account.id, act)


def _act(context: Context, event: str, account: Account, by: By | None, **what: object) -> Act:
    by = by or By()
    told = what if by.person == account.id else {"account": account.id, **what}
    return Act(
        event=event, at=context.now(), person=by.person, role=by.role, agency=account.agency, what=told
    )
