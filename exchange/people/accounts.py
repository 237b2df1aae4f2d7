"""Accounts: made, invited, shut and opened again; each with its entry in the ledger."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from exchange.context import Context, today
from exchange.core.refusal import Refusal, Refused, refuse
from exchange.ids import new_id, new_secret
from exchange.ledger import people, sessions
from exchange.ledger.acts import OPERATOR, Act
from exchange.ledger.people import CLERK, ROLES, Account, LastAdministrator, LoginTaken
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
        raise _taken() from None
    return account


def _taken() -> Refused:
    return _wrong("login", "is taken, or the subject is", "đã có người dùng, hoặc subject đã dùng")


def edit(context: Context, account: Account, wanted: Wanted, by: By | None = None) -> None:
    """Another name, e-mail, role, agency or subject; the login stays.

    With another role or agency all sessions of the person end. Raises ``Refused`` (``account_invalid``,
    ``last_administrator``).
    """
    agency = _check(context, replace(wanted, login=account.login), "")
    values: dict[str, object] = {
        "name": wanted.name.strip() or account.login,
        "email": wanted.email.strip(),
        "role": wanted.role,
        "agency": agency,
        "subject": wanted.subject.strip() or None,
    }
    changed = {name: value for name, value in values.items() if value != getattr(account, name)}
    if not changed:
        return
    told = {f"{name}_given": value for name, value in changed.items() if name in ("role", "agency")}
    act = _act(context, "account_changed", account, by, changed=sorted(changed), **told)
    try:
        if changed.keys() & {"role", "agency", "subject"}:
            _restrict(context, account, act, changed, by)
        else:
            people.change(context.database, account.id, act, **changed)
    except LoginTaken:
        raise _taken() from None


def _restrict(
    context: Context, account: Account, act: Act, values: Mapping[str, object], by: By | None
) -> None:
    try:
        people.restrict(context.database, account.id, act, values, keep_one=_guarded(by))
    except LastAdministrator:
        raise _last(account) from None


def _guarded(by: By | None) -> bool:
    """Whoever has the machine can make another administrator; nobody else can."""
    return by is not None and by.person != OPERATOR


def _last(account: Account) -> Refused:
    return refuse(
        "last_administrator",
        f"{account.login} is the only administrator who can sign in.",
        f"{account.login} là quản trị duy nhất còn đăng nhập được.",
    )


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
    elif password and passwords.guessed(password, wanted.login, wanted.name, wanted.agency):
        found += common("password").refusals
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


def easily_guessed(account: Account, password: str) -> bool:
    """Whether whoever knows of the account would soon have this password."""
    return passwords.guessed(password, account.login, account.name, account.agency, account.email)


def common(where: str) -> Refused:
    """A new password that others would try early."""
    return _wrong(
        where,
        "is easily guessed: it is made of common words, names, dates or what the account is called",
        "dễ bị đoán: gồm từ, tên, ngày tháng phổ biến hoặc tên tài khoản",
    )


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


def reset_password(context: Context, account: Account, by: By | None = None) -> str:
    """As ``invite``, and the present password and all sessions end at once.

    Raises ``Refused`` (``last_administrator``) as ``disable``.
    """
    secret, act = new_secret(), _act(context, "password_reset", account, by)
    until = act.at + timedelta(days=INVITATION_DAYS)
    try:
        people.reset_password(
            context.database, account.id, sessions.hashed(secret), until, act, keep_one=_guarded(by)
        )
    except LastAdministrator:
        raise _last(account) from None
    return f"/web/invitation/{secret}"


def end_sessions(context: Context, account: Account, by: By | None = None) -> None:
    """Whoever is signed in with it is so no longer."""
    sessions.end_all(context.database, account.id, _act(context, "sessions_ended", account, by))


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
    if easily_guessed(account, password):
        raise common("password")
    act = _act(context, "password_changed", account, by)
    kept = passwords.hashed(password)
    return people.set_password(context.database, account.id, kept, act, keep, invitation)


def disable(context: Context, account: Account, by: By | None = None) -> None:
    """Nobody signs in with it any more, and who is signed in is so no longer.

    Raises ``Refused`` (``last_administrator``) where a person would lock all administrators out.
    """
    act = _act(context, "account_disabled", account, by)
    _restrict(context, account, act, {"disabled_at": act.at}, by)


def enable(context: Context, account: Account, by: By | None = None) -> None:
    """Its person may sign in again."""
    act = _act(context, "account_enabled", account, by)
    people.change(context.database, account.id, act, disabled_at=None)


def unlock(context: Context, account: Account, by: By | None = None) -> None:
    """Refused sign-ins of before count no more."""
    act = _act(context, "account_unlocked", account, by)
    people.unlock(context.database, account.id, act)


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
