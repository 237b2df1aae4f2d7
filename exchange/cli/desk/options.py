"""The options that the clerk's commands share, and the faults that they put into sentences."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from cryptography import x509

from exchange.cli.say import fail, say
from exchange.client import Client, NotProven, Problem, Reason, Resending, Unreachable
from exchange.core.refusal import Refused
from exchange.core.signature import SigningKey
from exchange.core.trust import fingerprint

Url = Annotated[
    str, typer.Option(envvar="EXCHANGE_URL", help="Địa chỉ của trục / address of the exchange (https://…).")
]
Token = Annotated[
    str, typer.Option(envvar="EXCHANGE_TOKEN", help="Mã truy cập của cơ quan / token of the agency.")
]
AgencyCode = Annotated[
    str,
    typer.Option("--agency", envvar="EXCHANGE_AGENCY", help="Mã định danh của cơ quan / the agency's code."),
]
KeyFile = Annotated[
    Path | None, typer.Option("--key", envvar="EXCHANGE_KEY", help="Khóa ký, PEM / signing key, PEM.")
]
KeyPassword = Annotated[
    str, typer.Option(envvar="EXCHANGE_KEY_PASSWORD", help="Mật khẩu của khóa / password of the key.")
]
CertificateFile = Annotated[
    Path | None,
    typer.Option(
        "--certificate", envvar="EXCHANGE_CERTIFICATE", help="Chứng thư số / certificate of the key, PEM."
    ),
]
CaFile = Annotated[
    Path | None,
    typer.Option("--ca", envvar="EXCHANGE_CA", help="CA cho https / CAs for https, PEM; else the system's."),
]
Resend = Annotated[
    int,
    typer.Option(
        min=0,
        max=10,
        envvar="EXCHANGE_RESEND",
        help="Số lần tự gửi lại khi mạng lỗi / sent again so often when the line fails.",
    ),
]
TrustFile = Annotated[
    Path | None,
    typer.Option(
        "--trust",
        envvar="EXCHANGE_TRUST",
        help="Chứng thư số của trục, nhận từ quản trị / the exchange's certificate, from its administrator.",
    ),
]


def connect(url: str, token: str, ca_file: Path | None, resend: int, trust: Path | None = None) -> Client:
    """The client for these options; says what is missing or wrong, and exits."""
    if not url or not token:
        missing("--url (EXCHANGE_URL)" if not url else "--token (EXCHANGE_TOKEN)")
    if ca_file is not None and not ca_file.is_file():
        stop(f"không có tệp / there is no file {ca_file}")
    trusted = certificates(trust)[0] if trust is not None else None
    try:
        return Client(
            url,
            token,
            ca_file=None if ca_file is None else str(ca_file),
            broker_certificate=trusted,
            resending=Resending(times=resend),
        )
    except ValueError as error:
        stop(f"--url: {error}")


def broker_certificate(client: Client, trust: Path | None) -> x509.Certificate:
    """The certificate that receipts must name: the one given, else the one that the exchange shows."""
    if trust is not None:
        return certificates(trust)[0]
    shown = client.certificate()
    say(
        "Chứng thư số lấy từ chính trục (chưa kiểm chứng độc lập; dùng --trust) / "
        f"certificate taken from the exchange itself (--trust to be independent): {fingerprint(shown)}"
    )
    return shown


def signing_key(key: Path | None, certificate: Path | None, password: str) -> SigningKey:
    """The agency's key; says what is missing or wrong, and exits."""
    if key is None or certificate is None:
        missing("--key (EXCHANGE_KEY)" if key is None else "--certificate (EXCHANGE_CERTIFICATE)")
    try:
        return SigningKey.load(key.read_bytes(), certificate.read_bytes(), password.encode() or None)
    except (ValueError, TypeError) as error:
        stop(f"không đọc được khóa / the key cannot be used ({key}): {error}")


def certificates(file: Path) -> list[x509.Certificate]:
    """One or more certificates from a file, PEM or DER; says what is wrong, and exits."""
    content = file.read_bytes()
    try:
        if b"-----BEGIN" in content:
            return x509.load_pem_x509_certificates(content)
        return [x509.load_der_x509_certificate(content)]
    except ValueError as error:
        stop(f"không đọc được chứng thư số / no certificate can be read from {file}: {error}")


@contextmanager
def plainly() -> Iterator[None]:
    """What goes wrong inside is said in sentences, Vietnamese and English; then the command ends with 1."""
    try:
        yield
    except Problem as problem:
        _say(problem.refusals)
        if not problem.refusals:
            fail(f"trục trả lời / the exchange answers HTTP {problem.status}; --url?")
        raise typer.Exit(1) from None
    except NotProven as error:
        fail(error.reason_vi)
        fail(error.reason)
        raise typer.Exit(1) from None
    except Unreachable as error:
        _say(error.refusals)
        fail(f"Không liên lạc được với trục. / The exchange does not answer. ({error})")
        raise typer.Exit(1) from None
    except Refused as refused:
        for refusal in refused.refusals:
            fail(f"{refusal.code}: {refusal.detail_vi}")
            fail(f"{refusal.code}: {refusal.detail}")
        raise typer.Exit(1) from None
    except OSError as error:
        fail(str(error))
        raise typer.Exit(1) from None


def _say(reasons: Sequence[Reason]) -> None:
    for reason in reasons:
        fail(f"{reason.code}: {reason.sentence_vi}")
        fail(f"{reason.code}: {reason.sentence}")


def missing(what: str) -> NoReturn:
    """Say which option is missing, and exit."""
    stop(f"thiếu / missing: {what}", code=2)


def stop(text: str, code: int = 1) -> NoReturn:
    """Say what is wrong, and exit."""
    fail(text)
    raise typer.Exit(code)
