"""The witness at another office: cosigns the checkpoints of the ledger while each continues the last."""

from pathlib import Path

from exchange.core import note
from exchange.core.note import Checkpoint, Vkey
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

    @property
    def cosigned_size(self) -> int:
        """Of the largest tree that it cosigned; 0 if none."""
        notes = (self._folder / "checkpoints").rglob("*")
        texts = (note.read(path.read_text("utf-8")).text for path in notes if path.is_file())
        return max((Checkpoint.parse(text).size for text in texts), default=0)

    @property
    def forks(self) -> list[Path]:
        """What it refused, kept as evidence."""
        return [path for path in (self._folder / "forks").rglob("*") if path.is_file()]

    def start(self, ledger: Vkey) -> None:
        """Begin to cosign for the log with this key; ``wait`` says when it answers."""
        options = ["--data", str(self._folder), "--port", str(self.port), "--log", ledger.text]
        self._begin(["witness", *options], {})
