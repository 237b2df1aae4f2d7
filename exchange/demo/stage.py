"""The stage: everything that plays along, set up in the order in which it is needed, and cleared away."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from exchange.client import Client, Resending
from exchange.demo import province
from exchange.demo.broker import BrokerProcess
from exchange.demo.cast import CAST, LATE_RISER, Cast, Member, Software
from exchange.demo.desk import Clerks, Desk, Outbox, Patience
from exchange.demo.journal import Journal
from exchange.demo.outside import Outside
from exchange.demo.papers import Registers
from exchange.demo.reception import CallReceiver, FolderProgram, Program, PullProgram
from exchange.demo.screen import Screen
from exchange.ids import new_secret
from exchange.ledger.database import Database
from exchange.ledger.migrate import migrate

SEED = 45  # of Phú Yên's code, H45
REFUSAL = {
    "behaviour": "refuses",
    "code": "register_closed",
    "reason": "Sổ văn bản đến đang khóa, không nhận văn bản",
}
FAILURE = {"behaviour": "fails_for_a_while", "attempts": 2}
RESENDING = Resending(times=2, first_seconds=0.1)  # within one call; Patience makes further ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is played. What a kill interrupts is due again after 12 s: it must not expire before."""

    documents: int
    expiry_seconds: float
    kill: bool


WHOLE = Scale(documents=240, expiry_seconds=25, kill=True)
QUICK = Scale(documents=24, expiry_seconds=8, kill=False)


@dataclass(slots=True, kw_only=True)
class Stage:
    """What the acts work with."""

    scale: Scale
    data: Path
    screen: Screen
    database: Database
    broker: BrokerProcess
    outside: Outside
    certificate: x509.Certificate  # of the exchange
    cast: Cast
    journal: Journal
    clerks: Clerks
    patience: Patience = field(default_factory=Patience)
    desks: dict[str, Desk] = field(default_factory=dict)
    programs: dict[str, list[Program]] = field(default_factory=dict)
    registers: Registers = field(default_factory=lambda: Registers(SEED))
    life: int = 1  # of the exchange: 2 after the kill
    planned: int = 0  # documents
    per_second: float = 0.0  # documents accepted, in the stream at full speed

    def desk(self, member: Member) -> Desk:
        """The desk of a played member."""
        return self.desks[member.code]

    def wake(self, code: str) -> None:
        """Switch the programs of an agency on."""
        for program in self.programs[code]:
            program.start()


@contextmanager
def build(data: Path, scale: Scale, screen: Screen) -> Iterator[Stage]:
    """Set everything up; whatever happens then, no process and no port stays behind."""
    with ExitStack() as stack:
        database = Database(f"sqlite:///{data / 'exchange.sqlite'}")
        stack.callback(database.close)
        migrate(database)
        outside = _outside(database, data, screen)
        stack.callback(outside.close)
        receiver = CallReceiver()
        stack.callback(receiver.close)
        receiver.start()
        nobody = stack.enter_context(socket.socket())
        nobody.bind(("127.0.0.1", 0))  # and never listens: whoever calls is turned away
        broker = BrokerProcess(data, {**_settings(scale), **outside.settings})
        stack.callback(broker.close)
        broker.start()  # the directory may come later: it sees every change while it runs
        province.connect(database, _options(data, receiver, nobody.getsockname()[1]))
        cast = _enrol(database, outside, screen)
        _run(broker, outside, screen)
        journal = Journal()
        stage = Stage(
            scale=scale,
            data=data,
            screen=screen,
            database=database,
            broker=broker,
            outside=outside,
            certificate=x509.load_pem_x509_certificate((data / "broker-certificate.pem").read_bytes()),
            cast=cast,
            journal=journal,
            clerks=Clerks(journal),
        )
        stack.callback(stage.clerks.close)
        _open_desks(stage, receiver, stack)
        stack.callback(stage.patience.close)
        yield stage


def _open_desks(stage: Stage, receiver: CallReceiver, stack: ExitStack) -> None:
    for member in stage.cast.played:
        client = stack.enter_context(
            Client(
                stage.broker.url,
                member.token,
                timeout_seconds=15,
                broker_certificate=stage.certificate,
                resending=RESENDING,
            )
        )
        desk = Desk(member, client, stage.patience, stage.certificate, stage.journal, stage.clerks)
        stage.desks[member.code] = desk
        stage.programs[member.code] = _programs(desk, stage.data)
        for program in stage.programs[member.code]:
            stack.callback(program.close)
        if member.role.software is Software.WEBHOOK:
            receiver.desks[f"/{member.code}"] = desk
        if member.code != LATE_RISER:
            stage.wake(member.code)


def _settings(scale: Scale) -> dict[str, object]:
    return {
        "broker_name": "truc-lien-thong.example",
        "backoff_first_seconds": 0.5,
        "backoff_most_seconds": 2,
        "expiry_hours": scale.expiry_seconds / 3600,
        "adapter_timeout_seconds": 2,
        "poll_seconds": 0.2,
        "sweep_seconds": 0.2,
    }


def _outside(database: Database, data: Path, screen: Screen) -> Outside:
    count = province.import_sample(database)
    screen.step(
        f"nhập danh bạ mẫu: {count} cơ quan của tỉnh Phú Yên (sở, huyện, xã)",
        f"{count} agencies of the sample province imported (Phú Yên: departments, districts, communes)",
    )
    outside = Outside(data, province.holders(database))
    outside.pki.start()
    screen.step(
        f"CA thử nghiệm cung cấp CRL, OCSP và dấu thời gian: {outside.pki.url}",
        "a test CA answers, with CRL, OCSP and time-stamps",
    )
    return outside


def _enrol(database: Database, outside: Outside, screen: Screen) -> Cast:
    cast = province.enrol(database, outside.pki, datetime.now(UTC))
    count = len(cast.members)
    screen.step(
        f"{count} cơ quan tham gia, mỗi cơ quan có chứng thư số của CA và mã truy cập",
        f"{count} of them take part, each with a certificate of the CA and a token",
    )
    return cast


def _run(broker: BrokerProcess, outside: Outside, screen: Screen) -> None:
    with screen.busy("trục đang khởi động / the exchange is starting"):
        broker.wait()
    screen.step(
        f"trục đang chạy: tiến trình {broker.pid}, {broker.url}, cơ sở dữ liệu SQLite",
        "the exchange runs, a process of its own",
    )
    with screen.busy("nhân chứng đang khởi động / the witness is starting"):
        outside.watch(broker)
        outside.witness.wait()
    witness = outside.witness
    screen.step(
        f"nhân chứng của cơ quan khác đang chạy: tiến trình {witness.pid}, {witness.url}",
        "a witness at another office runs: it sees that the ledger only grows",
    )


def _options(data: Path, receiver: CallReceiver, nobody: int) -> dict[str, dict[str, object]]:
    options: dict[str, dict[str, object]] = {}
    for role in CAST:
        match role.software:
            case Software.WEBHOOK:
                receiver.secrets[f"/{role.code}"] = new_secret()
                url = f"http://127.0.0.1:{receiver.port}/{role.code}"
                options[role.code] = {"url": url, "secret": receiver.secrets[f"/{role.code}"]}
            case Software.FOLDER:
                outgoing = _folder(data, role.code) / "outgoing"
                outgoing.mkdir(parents=True)
                options[role.code] = {
                    "path": str(outgoing.parent),
                    "outgoing": str(outgoing),
                    "quiet_seconds": 0.1,
                }
            case Software.REFUSING:
                options[role.code] = dict(REFUSAL)
            case Software.FAILING:
                options[role.code] = dict(FAILURE)
            case Software.UNREACHABLE:
                options[role.code] = {"url": f"http://127.0.0.1:{nobody}/", "secret": new_secret()}
            case Software.INBOX:
                pass
    return options


def _folder(data: Path, code: str) -> Path:
    return (data / "folders" / code).absolute()


def _programs(desk: Desk, data: Path) -> list[Program]:
    role = desk.member.role
    if role.software is Software.FOLDER:
        folder = _folder(data, role.code)
        desk.post = Outbox(folder / "outgoing").post
        return [FolderProgram(desk, folder)]
    if role.software is Software.INBOX:
        return [PullProgram(desk, f"{role.code} {number}") for number in range(1, role.clients + 1)]
    return []
