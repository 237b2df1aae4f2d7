"""The keys of one run: a CA, the sending agency and the plain stack; none outlives the run."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bench.documents import SENDER, Signer
from exchange.core.signing import SigningKey
from exchange.demo.authority import Authority, certificate_pem, private_key_pem


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """A CA's certificate (PEM) and two signers under it, RSA-2048."""

    authority: bytes
    sender: Signer
    stack: Signer

    @classmethod
    def make(cls) -> "Keys":
        """New keys, valid since an hour ago."""
        since = datetime.now(UTC) - timedelta(hours=1)
        authority = Authority.create("Bench CA", since, days=30)
        return cls(
            authority=authority.certificate_pem,
            sender=_signer(authority.issue("Văn phòng UBND tỉnh", SENDER, since, days=30, algorithm="rsa")),
            stack=_signer(authority.issue("Plain stack", "", since, days=30, algorithm="rsa")),
        )


def _signer(key: SigningKey) -> Signer:
    return Signer(private_key=private_key_pem(key), certificate=certificate_pem(key))
