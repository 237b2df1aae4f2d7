"""``exchange certificate``: with which certificates an agency signs."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509

from exchange import settings
from exchange.app import open_database
from exchange.cli.agencies import agency_named
from exchange.cli.say import fail, local, say, table
from exchange.context import clock
from exchange.core.expiry import end_of, ending
from exchange.core.signature import RegisteredCertificate
from exchange.core.standing import Verdict, shown
from exchange.core.trust import check_chain, check_suitable, fingerprint, load_certificate, named
from exchange.ledger import directory_store, revocations
from exchange.ledger.directory_store import NotTaken

group = typer.Typer(help="Certificates with which agencies sign.", no_args_is_help=True)


def _authorities(file: Path | None) -> list[x509.Certificate]:
    if file is None:
        fail("chưa khai báo CA: đặt EXCHANGE_AUTHORITIES là tệp PEM chứa các CA được tin cậy")
        fail("no authority is configured: set EXCHANGE_AUTHORITIES to a PEM file of the CAs you trust")
        raise typer.Exit(1)
    try:
        return x509.load_pem_x509_certificates(file.read_bytes())
    except ValueError:
        fail(f"EXCHANGE_AUTHORITIES: {file} không phải tệp PEM chứa chứng thư số")
        fail(f"EXCHANGE_AUTHORITIES: {file} is not a PEM file of certificates")
        raise typer.Exit(1) from None


@group.command()
def add(
    agency: Annotated[str, typer.Argument(help="Code of the agency.")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Certificate, PEM or DER.")],
    valid_from: Annotated[
        datetime | None, typer.Option(help="The agency signs with it from (UTC); its own start if left out.")
    ] = None,
    reopen: Annotated[
        bool, typer.Option("--reopen", help="Take it into use again although it was ended.")
    ] = False,
) -> None:
    """Register a certificate. Its chain to a configured authority is checked now, once."""
    chosen = settings.load()
    database = open_database(chosen)
    agency = agency_named(database, agency)
    certificate = load_certificate(file.read_bytes())
    check_suitable(certificate)
    check_chain(certificate, _authorities(chosen.authorities), clock())
    start = certificate.not_valid_before_utc
    if valid_from is not None:
        start = valid_from.replace(tzinfo=start.tzinfo)
    registered = RegisteredCertificate(
        fingerprint=fingerprint(certificate),
        agency=agency,
        certificate=certificate,
        valid_from=start,
        valid_to=None,
    )
    try:
        directory_store.register_certificate(database, registered, reopen=reopen)
    except NotTaken as error:
        hint = "" if reopen else " (--reopen: chứng thư số đã kết thúc / for an ended one)"
        fail(f"chưa đăng ký cho / not registered for {agency}: {error}{hint}")
        raise typer.Exit(1) from None
    say(f"đã đăng ký / registered {fingerprint(certificate)} cho / for {agency}")


@group.command("list")
def list_(
    code: Annotated[str, typer.Argument(help="Code of the agency; all if left out.")] = "",
    expiring_days: Annotated[int, typer.Option(help="Only those that end within so many days.")] = 0,
) -> None:
    """Show registered certificates, with what is known of their revocation, and as of when."""
    chosen, now = settings.load(), clock()
    database = open_database(chosen)
    agency = agency_named(database, code) if code else ""
    horizon = now + timedelta(days=expiring_days) if expiring_days else None
    _, verdicts = revocations.verdicts(database)
    table(
        (
            *("agency", "fingerprint", "subject", "signs from", "signs until", "expires"),
            *("days left", "revocation", "as of"),
        ),
        (
            (
                each.code,
                registered.fingerprint,
                named(registered.certificate.subject),
                local(registered.valid_from),
                local(registered.valid_to),
                local(registered.certificate.not_valid_after_utc),
                max(0, (end_of(registered) - now).days),
                *_known(chosen, verdicts.get(registered.fingerprint)),
            )
            for each in directory_store.load(database)[1]
            for registered in each.certificates
            if agency in ("", each.code)
            and (horizon is None or registered.certificate.not_valid_after_utc <= horizon)
        ),
    )


def _known(chosen: settings.Settings, verdict: Verdict | None) -> tuple[str, str]:
    if chosen.revocation == "off":
        return "off", ""
    state = shown(verdict, clock())
    if state == "revoked" and verdict is not None:
        return f"revoked {local(verdict.revoked_at)} ({verdict.cause})", local(verdict.as_of)
    return state, local(verdict.as_of if verdict else None)


@group.command()
def expiring(
    days: Annotated[int, typer.Option(help="Within so many days; the setting if left out.")] = 0,
) -> None:
    """Show the certificates in use that end soon, and whether the agency has another one."""
    chosen, now = settings.load(), clock()
    agencies = directory_store.load(open_database(chosen))[1]
    found = ending(
        (registered for each in agencies for registered in each.certificates),
        now,
        days or chosen.certificate_warning_days,
    )
    names = {each.code: each.name for each in agencies}
    table(
        ("agency", "name", "fingerprint", "ends", "days left", "has another"),
        (
            (
                each.registered.agency,
                names[each.registered.agency],
                each.registered.fingerprint,
                local(each.at),
                (each.at - now).days,
                "yes" if each.followed else "no",
            )
            for each in found
        ),
    )


@group.command()
def show(
    certificate: Annotated[str, typer.Argument(help="Fingerprint (exchange certificate list).")],
    to: Annotated[
        Path | None, typer.Option(help="Write certificate, CAs and answers into this folder, for openssl.")
    ] = None,
) -> None:
    """Show what is known of one certificate, where its CAs are asked, and every answer that was kept."""
    from exchange.cli.certificate_answers import show_one

    chosen = settings.load()
    database = open_database(chosen)
    for each in directory_store.load(database)[1]:
        for registered in each.certificates:
            if registered.fingerprint == certificate:
                show_one(database, registered, _authorities(chosen.authorities), to)
                return
    fail(f"chưa đăng ký chứng thư số này / no such certificate is registered: {certificate}")
    raise typer.Exit(1)


@group.command()
def end(certificate: Annotated[str, typer.Argument(help="Fingerprint (exchange certificate list).")]) -> None:
    """The agency signs with it no longer, from now on; what it signed before stays good."""
    database = open_database(settings.load())
    if not directory_store.end_certificate(database, certificate, clock()):
        fail(f"chưa đăng ký chứng thư số này / no such certificate is registered: {certificate}")
        raise typer.Exit(1)
    say(f"đã kết thúc / ended {certificate}")
