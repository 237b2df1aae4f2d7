"""An agency's desk: its software receives, its clerk answers with signed status messages."""

import secrets
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep
from typing import TypeVar

from cryptography import x509

from exchange.client import Client, NotProven, Unreachable, compose_status, sign_message, verify_receipt
from exchange.core import edxml
from exchange.core.edxml import BusinessType, DocumentMessage, StaffInfo, StatusMessage
from exchange.core.signature import ParseLimits, parse
from exchange.demo.cast import Member
from exchange.demo.journal import Home, Journal, Reported
from exchange.demo.mailbox import Mailbox
from exchange.demo.papers import digest_of

DESCRIPTIONS = {
    "01": "Đã đến phần mềm",
    "02": "Không thuộc thẩm quyền xử lý",
    "03": "Đã vào sổ văn bản đến",
    "04": "Lãnh đạo đã phân công xử lý",
    "05": "Đang xử lý",
    "06": "Đã xử lý xong",
    "15": "Đồng ý cho lấy lại văn bản",
    "16": "Văn bản đã xử lý xong, không trả lại được",
}
# What becomes of a document at its receiver: chosen by its digest.
COURSES = (
    *(("03",), ("03", "06"), (), ("03", "05"), ("02",)),
    *(("03",), (), ("01", "03", "04"), ("03",), ("03", "04", "06")),
)
URGENT_COURSE = ("03", "04", "05", "06")
URGENT = 3
CLERK = StaffInfo(department="Văn thư", staff="Nguyễn Văn A", email="vanthu@example.gov.vn")

PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.2
CLERK_SECONDS = 0.04  # nobody answers before the exchange has written down that the document arrived

Post = Callable[[bytes], None]  # hands a status message over
T = TypeVar("T")


class Patience:
    """Does something again while the exchange does not answer, until the demo is over.

    Right for everything that may be repeated: the exchange answers as it did the first time.
    """

    def __init__(self) -> None:
        self._over = threading.Event()

    def __call__(self, ask: Callable[[], T]) -> T:
        """The answer; raises ``Unreachable`` when there is none for too long."""
        deadline = monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return ask()
            except Unreachable:
                if self.over(PAUSE_SECONDS) or monotonic() > deadline:
                    raise

    def over(self, wait_seconds: float) -> bool:
        """Wait a little; whether the demo is over."""
        return self._over.wait(wait_seconds)

    def close(self) -> None:
        """Nobody waits any more."""
        self._over.set()


class Clerks:
    """Those who answer, for all agencies: a few threads, and a count of what they still have to do."""

    def __init__(self, journal: Journal, count: int = 8) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="clerk")
        self._journal = journal
        self._open = 0
        self._closed = False
        self._changed = threading.Condition()

    def do(self, work: Callable[[], None]) -> None:
        """Have it done soon; a failure is written down."""
        with self._changed:
            if self._closed:
                return
            self._open += 1
            future = self._pool.submit(work)
        future.add_done_callback(self._done)

    def idle(self, timeout_seconds: float) -> bool:
        """Wait until nothing is left to do; whether that came in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._open, timeout_seconds)

    def close(self) -> None:
        """Drop what is left, and what still comes."""
        with self._changed:
            self._closed = True
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _done(self, future: Future[None]) -> None:
        if not future.cancelled() and (error := future.exception()) is not None:
            self._journal.add(f"a clerk could not answer: {type(error).__name__}: {error}")
        with self._changed:
            self._open -= 1
            self._changed.notify_all()


class Desk:
    """One agency's side: its mailbox, its client, and what it does with what arrives."""

    def __init__(
        self,
        member: Member,
        client: Client,
        patiently: Patience,
        certificate: x509.Certificate,
        journal: Journal,
        clerks: Clerks,
    ) -> None:
        """``certificate`` is that of the exchange: receipts are proven with it."""
        self.member = member
        self.client = client
        self.patiently = patiently
        self.mailbox = Mailbox()
        self.post: Post = self._by_http
        self._certificate = certificate
        self._journal = journal
        self._clerks = clerks
        self._courses: dict[tuple[str, str], tuple[str, ...]] = {}

    def receive(self, key: str, kind: str, content: bytes, *, priority: int = 0, program: str = "") -> None:
        """Keep the message, and if it is new, have it dealt with."""
        if self.mailbox.take(key, kind, content, priority=priority, program=program):
            self._clerks.do(lambda: self._deal_with(kind, content))

    def _deal_with(self, kind: str, content: bytes) -> None:
        if kind == "receipt":
            self._file(content)
            return
        sleep(CLERK_SECONDS)
        message = edxml.read(parse(content, ParseLimits()))
        if isinstance(message, DocumentMessage):
            self._answer(message, digest_of(content))
        elif message.status_code == "13":
            self._answer_request(message)

    def _file(self, content: bytes) -> None:
        try:
            receipt = verify_receipt(content, self._certificate)
        except NotProven as error:
            self.mailbox.fault(f"a receipt does not prove itself: {error}")
            return
        self._journal.add(Home(holder=self.member.code, receipt=receipt, content=content))

    def _answer(self, message: DocumentMessage, digest: str) -> None:
        course = _course(message, digest)
        issuer = message.sender.organ_id
        self._courses[issuer, message.document_id] = course
        for code in course:
            self.report(issuer, message.document_id, code)

    def _answer_request(self, message: StatusMessage) -> None:
        """A sender wants a document back: no, once it is dealt with."""
        issuer, document_id = message.sender.organ_id, message.response_for.document_id
        finished = "06" in self._courses.get((issuer, document_id), ())
        self.report(issuer, document_id, "16" if finished else "15")

    def report(self, issuer: str, document_id: str, code: str) -> None:
        """As receiver: tell the issuer of a document, signed, what becomes of it."""
        self._send(issuer, document_id, code, DESCRIPTIONS[code], issuer, self.member.code, heard=True)

    def take_back(self, receiver: str, document_id: str, reason: str, *, heard: bool) -> None:
        """As sender: ask one receiver, signed, for a document (13); not heard where it has not left yet."""
        self._send(receiver, document_id, "13", reason, self.member.code, receiver, heard=heard)

    def _send(
        self, to: str, document_id: str, code: str, words: str, issuer: str, receiver: str, *, heard: bool
    ) -> None:
        message = compose_status(
            sender=self.member.code,
            other=to,
            document_id=document_id,
            code=code,
            description=words,
            staff=CLERK,
        )
        content = sign_message(message, self.member.key)
        self.post(content)
        self._journal.add(
            Reported(
                to=to,
                document_id=document_id,
                issuer=issuer,
                receiver=receiver,
                code=code,
                digest=digest_of(content),
                heard=heard,
            )
        )

    def _by_http(self, content: bytes) -> None:
        self.patiently(lambda: self.client.report(content))


def _course(message: DocumentMessage, digest: str) -> tuple[str, ...]:
    if message.priority >= URGENT:
        return URGENT_COURSE
    if message.business.doc_type is not BusinessType.NEW:
        return ("03",)
    return COURSES[int(digest[:4], 16) % len(COURSES)]


class Outbox:
    """The folder of an agency that sends by files: written under another name, then renamed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._count = 0

    def post(self, content: bytes) -> None:
        """Put one message out, after those before it."""
        with self._lock:
            self._count += 1
            temporary = self._folder / f".{secrets.token_hex(4)}.tmp"
            temporary.write_bytes(content)
            temporary.rename(self._folder / f"status-{self._count:05}.edxml")
