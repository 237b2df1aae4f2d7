"""Signing in by an identity provider: OpenID Connect Core 1.0, authorization code with PKCE (RFC 7636).

Authlib speaks OAuth, joserfc checks the ID token. Who somebody is comes from the provider; what he may
comes from the account that has his subject.
"""

import hmac
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

import orjson
import structlog

from exchange.context import Context
from exchange.core.refusal import refuse
from exchange.http_client import NoAnswer
from exchange.ids import new_secret
from exchange.people.provider_calls import ASK_SECONDS, ProviderSession
from exchange.people.secrets import opened, sealed
from exchange.settings import Settings

log = structlog.get_logger(__name__)

PATH = "/web/oidc/answer"  # where the provider sends browsers back; it has to know this
SCOPE = "openid"
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]  # never "none", and none with a shared secret
WAIT_SECONDS = 600  # for the person to come back
KEPT_SECONDS = 3600.0  # what the provider says of itself
LEEWAY_SECONDS = 60
SUBJECT_CHARACTERS_MAX = 255
_AT_ONCE = threading.BoundedSemaphore(4)  # threads that wait for the provider; other requests need some too


class NotProven(Exception):
    """The provider's answer proves nothing; the text is for the log."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """Where the browser is sent, and what it keeps until it comes back: sealed, and its own."""

    address: str
    kept: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who came back, and where he was going."""

    subject: str
    next: str


def leave(context: Context, next_: str) -> Leaving:
    """Send somebody to the provider; raises ``NotProven`` where that cannot be asked."""
    state, nonce, verifier = new_secret(), new_secret(), new_secret() + new_secret()
    metadata, _ = _provider(context.settings).known()
    address, _ = _client(context.settings).create_authorization_url(
        metadata["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
    )
    kept = orjson.dumps({"state": state, "nonce": nonce, "verifier": verifier, "next": next_}).decode()
    return Leaving(address, sealed(context.settings, kept))


def arrive(context: Context, kept: str, answer: Mapping[str, str]) -> Arrival:
    """Who comes back with the provider's ``answer``; raises ``NotProven``."""
    settings = context.settings
    plain = opened(settings, kept, WAIT_SECONDS)
    if plain is None:
        raise NotProven("nobody was sent there from this browser, or too long ago")
    expected = orjson.loads(plain)
    if not hmac.compare_digest(answer.get("state", "").encode(), expected["state"].encode()):
        raise NotProven("the answer is to another question")
    # RFC 9207: an answer of another provider, mixed in.
    if answer.get("iss", settings.oidc_issuer) != settings.oidc_issuer:
        raise NotProven("the answer is of another issuer")
    if "code" not in answer:
        raise NotProven(f"the provider says {answer.get('error', 'nothing')[:100]}")
    claims = _claims(settings, answer["code"], expected)
    subject = claims.get(settings.oidc_claim)
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_CHARACTERS_MAX:
        raise NotProven(f"the ID token has no claim {settings.oidc_claim}")
    return Arrival(subject, expected["next"])


def _claims(settings: Settings, code: str, expected: Mapping[str, str]) -> Mapping[str, Any]:
    """What the ID token says that the code is good for."""
    from authlib.common.errors import AuthlibBaseError

    metadata, _ = _provider(settings).known()
    try:
        with _turn():
            token = _client(settings).fetch_token(
                metadata["token_endpoint"],
                code=code,
                code_verifier=expected["verifier"],
                grant_type="authorization_code",
            )
    except (AuthlibBaseError, NoAnswer, ValueError, TypeError, AttributeError) as error:
        raise NotProven(f"the code was not taken: {error}") from error
    return _verified(settings, str(token.get("id_token", "")), expected["nonce"])


@contextmanager
def _turn() -> Iterator[None]:
    """One of few, so that a provider that is slow keeps nobody else waiting; else ``Refused``."""
    if not _AT_ONCE.acquire(blocking=False):
        raise refuse("broker_busy")
    try:
        yield
    finally:
        _AT_ONCE.release()


def _verified(settings: Settings, id_token: str, nonce: str) -> Mapping[str, Any]:
    """OpenID Connect Core 1.0, section 3.1.3.7."""
    from joserfc import jwt
    from joserfc.errors import JoseError

    registry = jwt.JWTClaimsRegistry(
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": settings.oidc_issuer},
        aud={"essential": True, "value": settings.oidc_client_id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        token = _decoded(settings, id_token)
        registry.validate(token.claims)
    except (JoseError, ValueError) as error:
        raise NotProven(f"the ID token: {error}") from error
    claims: Mapping[str, Any] = token.claims
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else settings.oidc_client_id) != settings.oidc_client_id:
        raise NotProven("the ID token is for somebody else")
    return claims


def _decoded(settings: Settings, id_token: str) -> Any:
    from joserfc import jwt
    from joserfc.errors import BadSignatureError, InvalidKeyIdError

    provider = _provider(settings)
    _, keys = provider.known()
    try:
        return jwt.decode(id_token, keys, algorithms=ALGORITHMS)
    except (BadSignatureError, InvalidKeyIdError, ValueError):
        _, keys = provider.known(anew=True)  # it may sign with a new key since we asked
        return jwt.decode(id_token, keys, algorithms=ALGORITHMS)


def _client(settings: Settings) -> Any:
    from authlib.oauth2.client import OAuth2Client

    secret = settings.resolved_oidc_client_secret
    return OAuth2Client(
        ProviderSession(),
        client_id=settings.oidc_client_id,
        client_secret=secret or None,
        token_endpoint_auth_method="client_secret_basic" if secret else "none",
        scope=SCOPE,
        redirect_uri=f"{settings.web_address}{PATH}",
        code_challenge_method="S256",
    )


class _Provider:
    """What the provider says of itself, asked once an hour.

    One thread asks at a time; the others do with what is known, or go without: a provider that is away
    would else take all threads.
    """

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._lock = threading.Lock()
        self._found: tuple[Mapping[str, Any], Any] | None = None
        self._at = 0.0
        self._failed_at = 0.0

    def known(self, *, anew: bool = False) -> tuple[Mapping[str, Any], Any]:
        """Its metadata (OpenID Connect Discovery 1.0) and its keys; raises ``NotProven``."""
        age = monotonic() - self._at
        old = self._found is None or age > KEPT_SECONDS or (anew and age > ASK_SECONDS)
        if old and self._lock.acquire(blocking=False):
            try:
                self._renew()
            finally:
                self._lock.release()
        if self._found is None:
            raise NotProven("the provider is being asked by somebody else")
        return self._found

    def _renew(self) -> None:
        if self._failed_at and monotonic() - self._failed_at < ASK_SECONDS:
            raise NotProven("the provider could not be asked a moment ago")
        try:
            self._found, self._at, self._failed_at = self._ask(), monotonic(), 0.0
        except NotProven:
            self._failed_at = monotonic()
            raise

    def _ask(self) -> tuple[Mapping[str, Any], Any]:
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        try:
            metadata = _json(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
            if metadata["issuer"] != self._issuer:
                raise NotProven(f"the provider calls itself {metadata['issuer']}")
            for each in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                _check_address(self._issuer, metadata[each])
            return metadata, KeySet.import_key_set(_json(metadata["jwks_uri"]))
        except (NoAnswer, JoseError, KeyError, TypeError, ValueError) as error:
            raise NotProven(f"the provider cannot be asked: {error}") from error


def _check_address(issuer: str, address: object) -> None:
    """Secrets go nowhere without https, if they need not (settings let a provider of this machine do)."""
    allowed = ("https://",) if issuer.startswith("https://") else ("https://", "http://")
    if not isinstance(address, str) or not address.startswith(allowed):
        raise NotProven(f"the provider names an address that is none: {str(address)[:100]}")


def _json(address: str) -> Any:
    answer = ProviderSession().get(address)
    answer.raise_for_status()
    return answer.json()


_PROVIDERS: dict[str, _Provider] = {}


def _provider(settings: Settings) -> _Provider:
    return _PROVIDERS.setdefault(settings.oidc_issuer, _Provider(settings.oidc_issuer))
