"""The witness at another office: cosigns the checkpoints of the ledger while each continues the last."""

from pathlib import Path

from exchange.core.note import Vkey
from exchange.demo.process import ServiceProcess
from exchange.witness.key import witness_key

NAME = "thanh-tra.example/witness"


class WitnessProcess(ServiceProcess):
    """``exchange witness`` on a folder of its own; its key is made with it, and read by both sides."""

    def __init__(self, folder: Path) -> None:
        super().__init__("the witness", folder.parent / "witness.log", ready=("/", 404))
        self._folder = folder
        self.vkey: Vkey = witness_key(folder, NAME).cosigner_vkey

    @property
    def setting(self) -> str:
        """How the exchange is told of it."""
        return f"{self.vkey.text} {self.url}"

    def start(self, ledger: Vkey) -> None:
        """Begin to cosign for the log with this key; ``wait`` says when it answers."""
        options = ["--data", str(self._folder), "--port", str(self.port), "--log", ledger.text]
        self._begin(["witness", *options], {})
