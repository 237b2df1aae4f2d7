"""A whole broker that answers on a port, in the test's process, with the test's small province."""

import hashlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn

from exchange import server
from exchange.app import Broker
from exchange.client import Client, Resending
from exchange.demo.authority import certificate_pem, private_key_pem
from exchange.ids import new_id
from exchange.ledger import directory_store
from exchange.ledger.directory_store import Token
from tests.house import settings_for
from tests.province import OFFICE, Province

QUICK = Resending(times=3, first_seconds=0.01)


@dataclass(frozen=True, slots=True)
class Running:
    """The broker's address, and the agencies that may talk to it."""

    url: str
    port: int
    broker: Broker
    province: Province
    folder: Path

    def client(self, agency: str = OFFICE, url: str = "") -> Client:
        return Client(url or self.url, self.province.secrets[agency], timeout_seconds=20, resending=QUICK)

    def token(self, scopes: frozenset[str], agency: str = OFFICE) -> str:
        """A further token of the agency, with these scopes alone; the one before it ends."""
        now, secret = datetime.now(UTC), f"secret-{new_id()}"
        _, _, tokens = directory_store.load(self.broker.database)
        further = [each.id for each in tokens if each.agency == agency and each.active(now)][1:]
        for each in further:
            directory_store.revoke_token(self.broker.database, each, now)
        token = Token(
            id=new_id(),
            agency=agency,
            hash=hashlib.sha256(secret.encode()).hexdigest(),
            scopes=scopes,
            created_at=now,
            expires_at=now + timedelta(days=1),
        )
        directory_store.add_token(self.broker.database, token, now)
        self.broker.context.registry.renew()
        return secret

    def environment(self, agency: str = OFFICE) -> dict[str, str]:
        """What a clerk of the agency has set: address, token, key."""
        key, certificate = self.folder / f"{agency}-key.pem", self.folder / f"{agency}.pem"
        key.write_bytes(private_key_pem(self.province.keys[agency]))
        certificate.write_bytes(certificate_pem(self.province.keys[agency]))
        return {
            "EXCHANGE_URL": self.url,
            "EXCHANGE_TOKEN": self.province.secrets[agency],
            "EXCHANGE_AGENCY": agency,
            "EXCHANGE_KEY": str(key),
            "EXCHANGE_CERTIFICATE": str(certificate),
        }

    @property
    def certificate_file(self) -> Path:
        """The broker's certificate, as its administrator hands it out."""
        return self.folder / "data" / "broker-certificate.pem"


@contextmanager
def running(
    folder: Path, database_url: str = "", listening: socket.socket | None = None, **changes: object
) -> Iterator[Running]:
    """The broker until the end of the block; ``changes`` are settings."""
    broker = Broker(settings_for(folder / "data", database_url, **changes))
    province = Province.create(datetime.now(UTC))
    province.install(broker.database, datetime.now(UTC))
    broker.context.registry.renew()
    with answering(broker, listening) as port:
        yield Running(f"http://127.0.0.1:{port}", port, broker, province, folder)


@contextmanager
def answering(broker: Broker, listening: socket.socket | None = None) -> Iterator[int]:
    """The port on which the broker answers until the end of the block; then it is closed."""
    application = broker.with_api()
    broker.with_worker()
    listening = listening or server.listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    config = uvicorn.Config(
        application, loop="uvloop", http="httptools", ws="none", lifespan="off", log_config=None
    )
    serving = uvicorn.Server(config)
    thread = threading.Thread(target=serving.run, args=([listening],))
    thread.start()
    try:
        yield port
    finally:
        serving.should_exit = True
        thread.join()
        listening.close()
        broker.close()
