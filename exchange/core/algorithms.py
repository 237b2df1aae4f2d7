"""The keys and algorithms that certificates, CRLs and OCSP answers may be signed with: these, and no others.

What the validation library takes by itself is not relied on: it looks at no algorithm of a CRL or an
OCSP answer.
"""

from collections.abc import Mapping
from datetime import datetime

from asn1crypto import algos, keys
from cryptography.exceptions import InvalidSignature
from pyhanko_certvalidator.policy_decl import AlgorithmUsageConstraint, AlgorithmUsagePolicy
from pyhanko_certvalidator.sig_validate import (
    DEFAULT_VALIDATION_CONTEXT,
    DefaultSignatureValidator,
    SignatureValidationContext,
)

from exchange.core.trust import RSA_BITS_MIN

HASHES = frozenset({"sha256", "sha384", "sha512"})
CURVES = frozenset({"secp256r1", "secp384r1", "secp521r1"})
# By the kind of signature, the kinds of keys that can have made it.
KEYS: Mapping[str, frozenset[str]] = {
    "rsassa_pkcs1v15": frozenset({"rsa"}),
    "rsassa_pss": frozenset({"rsa", "rsassa_pss"}),
    "ecdsa": frozenset({"ec"}),
    "ed25519": frozenset({"ed25519"}),
}


def key_weakness(key: keys.PublicKeyInfo) -> str:
    """What is wrong with a public key, in a word or two; "" if it may be used."""
    kind: str = key.algorithm
    if kind in {"rsa", "rsassa_pss"}:
        return f"RSA {key.bit_size}" if key.bit_size < RSA_BITS_MIN else ""
    if kind == "ec":
        form, curve = key.curve
        return "" if form == "named" and curve in CURVES else f"EC {curve if form == 'named' else form}"
    return "" if kind == "ed25519" else kind


def weakness(algorithm: algos.SignedDigestAlgorithm, key: keys.PublicKeyInfo | None = None) -> str:
    """What is wrong with a signature's algorithm, or with the key that made it; "" if nothing is."""
    name: str = algorithm["algorithm"].native
    try:
        kind: str = algorithm.signature_algo
    except ValueError:
        return name
    if kind not in KEYS or (kind != "ed25519" and not _hashes(algorithm, kind) <= HASHES):
        return name
    if key is None:
        return ""
    if key.algorithm not in KEYS[kind]:
        return f"{name}, {key.algorithm}"
    return key_weakness(key)


def _hashes(algorithm: algos.SignedDigestAlgorithm, kind: str) -> set[str]:
    found = {algorithm.hash_algo}
    if kind == "rsassa_pss":
        found.add(algorithm["parameters"]["mask_gen_algorithm"]["parameters"]["algorithm"].native)
    return found


class AllowedAlgorithms(AlgorithmUsagePolicy):
    """For the signatures of certificates."""

    def digest_algorithm_allowed(
        self,
        algo: algos.DigestAlgorithm,
        moment: datetime | None,  # noqa: ARG002 what is weak is not believed of any time
    ) -> AlgorithmUsageConstraint:
        """Whether it is among ``HASHES``."""
        return AlgorithmUsageConstraint(allowed=algo["algorithm"].native in HASHES)

    def signature_algorithm_allowed(
        self,
        algo: algos.SignedDigestAlgorithm,
        moment: datetime | None,  # noqa: ARG002
        public_key: keys.PublicKeyInfo | None,
    ) -> AlgorithmUsageConstraint:
        """Whether nothing is wrong with it and the key."""
        why = weakness(algo, public_key)
        return AlgorithmUsageConstraint(allowed=not why, failure_reason=why or None)


class AllowedSignatures(DefaultSignatureValidator):
    """For all signatures, those of CRLs and OCSP answers too."""

    def validate_signature(
        self,
        signature: bytes,
        signed_data: bytes,
        public_key_info: keys.PublicKeyInfo,
        signature_algorithm: algos.SignedDigestAlgorithm,
        context: SignatureValidationContext = DEFAULT_VALIDATION_CONTEXT,
    ) -> None:
        """Raise ``InvalidSignature`` unless it holds and nothing is wrong with algorithm and key."""
        if why := weakness(signature_algorithm, public_key_info):
            raise InvalidSignature(why)
        super().validate_signature(signature, signed_data, public_key_info, signature_algorithm, context)
