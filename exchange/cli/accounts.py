"""``exchange account``: persons who use the pages."""

from enum import StrEnum
from typing import Annotated

import typer

from exchange import settings
from exchange.app import build_context, open_database
from exchange.cli.say import fail, local, say, table
from exchange.context import Context
from exchange.ledger import people
from exchange.ledger.people import Account
from exchange.people import accounts
from exchange.people.accounts import Wanted

group = typer.Typer(help="Persons who use the pages: make, list, shut, open again.", no_args_is_help=True)


class Role(StrEnum):
    """What a person may."""

    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    CLERK = "clerk"


Login = Annotated[str, typer.Argument(help="Login of the person.")]
Ask = Annotated[
    bool, typer.Option("--password", help="Ask for a password here, instead of giving out a link.")
]


def _context() -> Context:
    chosen = settings.load()
    return build_context(chosen, open_database(chosen))


def _account(context: Context, login: str) -> Account:
    found = people.by_login(context.database, login.strip().lower())
    if found is None:
        fail(f"không có tài khoản / there is no account {login} (exchange account list)")
        raise typer.Exit(1)
    return found


@group.command()
def create(
    login: Annotated[str, typer.Option(help="What the person types to sign in.")],
    role: Annotated[Role, typer.Option(help="What the person may.")],
    name: Annotated[str, typer.Option(help="As pages show it.")] = "",
    email: Annotated[str, typer.Option(help="Where notices go.")] = "",
    agency: Annotated[str, typer.Option(help="Code of a clerk's agency, in any form.")] = "",
    subject: Annotated[str, typer.Option(help="The person's “sub” at the identity provider.")] = "",
    password: Ask = False,
) -> None:
    """Make an account. It has no password until its person sets one, by the link that is printed."""
    context = _context()
    wanted = Wanted(login=login, role=role.value, name=name, email=email, agency=agency, subject=subject)
    typed = _typed() if password else ""
    account = accounts.create(context, wanted, typed)
    say(f"đã tạo / made: {account.login} ({account.role}{', ' if account.agency else ''}{account.agency})")
    if not password and not subject:
        _invite(context, account)


def _typed() -> str:
    typed: str = typer.prompt("Mật khẩu / password", hide_input=True, confirmation_prompt=True)
    return typed


def _invite(context: Context, account: Account) -> None:
    chosen = context.settings
    address = chosen.web_address or f"http://{chosen.host}:{chosen.port}"
    say(f"đặt mật khẩu, một lần, trong {accounts.INVITATION_DAYS} ngày tại / set the password there, once:")
    say(f"{address}{accounts.invite(context, account)}")


@group.command("list")
def list_() -> None:
    """Show all accounts."""
    context = _context()
    now = context.now()
    table(
        ("login", "role", "agency", "name", "second factor", "created", "state"),
        (
            (
                each.login,
                each.role,
                each.agency,
                each.name,
                "yes" if each.totp_secret else "no",
                local(each.created_at),
                _state(each, locked=each.locked_until is not None and each.locked_until > now),
            )
            for each in people.everybody(context.database)
        ),
    )


def _state(account: Account, *, locked: bool) -> str:
    if account.disabled_at is not None:
        return "disabled"
    if locked:
        return f"locked until {local(account.locked_until)}"
    return "active" if account.password or account.subject else "invited"


@group.command()
def disable(login: Login) -> None:
    """Let nobody sign in with it any more, now; its acts stay in the ledger."""
    context = _context()
    accounts.disable(context, _account(context, login))
    say(f"đã khoá hẳn / disabled: {login}")


@group.command()
def enable(login: Login) -> None:
    """Let its person sign in again."""
    context = _context()
    accounts.enable(context, _account(context, login))
    say(f"đã mở lại / enabled: {login}")


@group.command()
def password(login: Login, ask: Ask = False) -> None:
    """Give out a link by which the person sets a new password; with --password ask for it here."""
    context = _context()
    account = _account(context, login)
    if not ask:
        _invite(context, account)
        return
    accounts.set_password(context, account, _typed())
    say(f"đã đặt mật khẩu / password set: {login}")


@group.command()
def unlock(login: Login) -> None:
    """Forget the refused sign-ins that locked it."""
    context = _context()
    accounts.unlock(context, _account(context, login))
    say(f"đã bỏ tạm khoá / unlocked: {login}")


@group.command("reset-second-factor")
def reset_second_factor(login: Login) -> None:
    """Remove the second factor of somebody who lost it. Make sure who is asking."""
    context = _context()
    accounts.reset_second_factor(context, _account(context, login))
    say(f"đã bỏ xác thực hai lớp / second factor removed: {login}")
