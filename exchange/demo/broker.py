"""The exchange itself, as a process of its own."""

from collections.abc import Mapping
from pathlib import Path

from exchange.demo.process import ServiceProcess


class BrokerProcess(ServiceProcess):
    """``exchange serve`` on a data folder."""

    def __init__(self, data: Path, settings: Mapping[str, object]) -> None:
        super().__init__("the exchange", data / "broker.log", ready=("/health/ready", 200))
        own = {"data": data, "database_url": "", "queue_url": "memory://", "host": "127.0.0.1"}
        self._settings = {**own, "port": self.port, **settings}

    def start(self, **changed: object) -> None:
        """Begin, with some settings changed; ``wait`` says when it answers."""
        self._begin(["serve"], {**self._settings, **changed})
