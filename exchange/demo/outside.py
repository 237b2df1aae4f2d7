"""Those outside, whom the exchange asks and does not command: CA, time-stamping authority, witness."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import urllib3
from cryptography.hazmat.primitives.serialization import Encoding

from exchange.core.note import Vkey
from exchange.demo.broker import BrokerProcess
from exchange.demo.pki import Pki
from exchange.demo.pki_plan import Holder
from exchange.demo.witness import WitnessProcess

STAMP_EVERY_SECONDS = 3


class Outside:
    """Their services on 127.0.0.1; all that they know lies in folders of their own."""

    def __init__(self, data: Path, holders: Mapping[str, Holder]) -> None:
        self.pki = Pki(data / "pki", holders, lambda: datetime.now(UTC))
        self.witness = WitnessProcess(data / "witness")
        self.root = data / "root-ca.pem"
        self.root.write_bytes(self.pki.root.public_bytes(Encoding.PEM))
        self._authorities = data / "authorities.pem"
        chain = (self.pki.authority, self.pki.root)
        self._authorities.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in chain))

    @property
    def settings(self) -> dict[str, object]:
        """What the exchange is told of them."""
        return {
            "authorities": self._authorities,
            "revocation": "soft",
            "tsa_url": self.pki.tsa_url(),
            "tsa_certificates": self.root,
            "stamp_every_seconds": STAMP_EVERY_SECONDS,
            "stamp_timeout_seconds": 10,
            "witnesses": json.dumps([self.witness.setting]),
            "sequence_seconds": 0.5,
            "cosign_every_seconds": 1,
        }

    def watch(self, broker: BrokerProcess) -> None:
        """Let the witness begin: its office has the ledger's key from the exchange's."""
        shown = urllib3.request("GET", f"{broker.url}/ledger/key", timeout=10)
        self.witness.start(Vkey.parse(shown.data.decode().strip()))

    def stop(self) -> int:
        """End them all; the witness's exit code."""
        self.pki.close()
        return self.witness.stop()

    def close(self) -> None:
        """Whatever happened: nothing of it outlives the demo."""
        self.pki.close()
        self.witness.close()
