"""Collect: what agencies' software has ready to send is taken over, each agency on a thread of its own."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime
from http import HTTPStatus

import structlog

from exchange import bringing, collecting, confirm, intake
from exchange.adapter import AgencyAdapter, Collected, StatusReport
from exchange.connections import Connections, NoAdapter
from exchange.context import Context
from exchange.core.directory import Agency
from exchange.core.letter import Letter
from exchange.core.refusal import Refusal, Refused, sentence
from exchange.core.refusal_texts import CATALOGUE
from exchange.desk.status import as_token
from exchange.ledger.directory_store import Token
from exchange.ledger.record import Examined
from exchange.payloads import NotKept

log = structlog.get_logger(__name__)

TOGETHER_MAX = 64  # agencies; beyond, those that hang would have to end first
PATIENCE_SECONDS = 1.0  # then the next agency's turn comes, though this one is still at it


class NotNow(Exception):
    """Nothing is against the message: the broker itself cannot take it now. It stays where it is."""


class Collect:
    """Asks every agency's software in turn. One that is slow, or hangs, keeps nobody else waiting."""

    def __init__(self, context: Context, connections: Connections) -> None:
        self._context = context
        self._connections = connections
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(TOGETHER_MAX, thread_name_prefix="collect")
        self._under_way: dict[str, Future[None]] = {}

    def round(self) -> None:
        """Ask everybody once, but whoever has not come to an end since the last time."""
        for agency in self._connections.connected():
            if self._stop.is_set():
                return
            if self._begins(agency):
                self._under_way[agency] = self._pool.submit(self._collect, agency)
                wait([self._under_way[agency]], PATIENCE_SECONDS)

    def stop(self) -> None:
        """Take over nothing more."""
        self._stop.set()

    def close(self, seconds: float) -> None:
        """Stop, and wait so long in all; who hangs is left to the end of the process."""
        self.stop()
        wait(self._under_way.values(), seconds)
        if hanging := [agency for agency, each in self._under_way.items() if not each.done()]:
            log.warning("collecting_left", agencies=hanging)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _begins(self, agency: str) -> bool:
        before = self._under_way.get(agency)
        if before is not None and not before.done():
            return False
        # Most have nothing to collect, ever: they are not worth a thread.
        kept = self._connections.kept(agency)
        return kept is None or type(kept).collect is not AgencyAdapter.collect

    def _collect(self, agency: str) -> None:
        try:
            self._collect_from(agency)
        except NoAdapter as error:
            log.debug("not_collected", agency=agency, reason=str(error))
        # Whatever it was, the next round may succeed.
        except Exception:
            log.exception("collect_failed", agency=agency)

    def _collect_from(self, agency: str) -> None:
        adapter = self._connections.of(agency)
        for collected in adapter.collect():
            if self._stop.is_set():
                return
            try:
                _check(collected)
                reasons = self.take(agency, collected)
                # After the commit here. A crash before this line: it is collected again, and known.
                if reasons:
                    adapter.refused(collected.key, reasons)
                else:
                    adapter.collected(collected.key)
                self._done(agency, collected)
            except NotNow as error:
                log.warning("not_taken_now", agency=agency, key=collected.key, reason=str(error))
            # One message that cannot be taken now must not keep the others; it stays where it is.
            except Exception:
                log.exception("not_taken", agency=agency, key=getattr(collected, "key", ""))

    def take(self, agency: str, collected: Collected) -> list[str]:
        """Accept what was collected in the agency's own name, or a hub's for whom it may bring messages.

        The reasons if it is refused.

        Raises ``NotNow``.
        """
        now = self._context.now()
        try:
            refusals = self._accepted(self._agency(agency), collected, now)
        except NotKept:
            raise NotNow("the payloads cannot be kept now") from None
        if refusals and all(map(_may_pass, refusals)):
            raise NotNow(", ".join(each.code for each in refusals))
        if refusals:
            log.warning("collected_refused", agency=agency, codes=[each.code for each in refusals])
        return [sentence(each) for each in refusals]

    def _accepted(self, agency: Agency, collected: Collected, now: datetime) -> list[Refusal]:
        """What is against it; nothing where it was accepted, now or before."""
        content: bytes | None = None
        sender = agency.code
        try:
            if isinstance(collected.content, StatusReport):
                examined = collecting.report_of(self._context, agency, collected.content, now)
                if examined is None:
                    return []
            else:
                content = collecting.message_of(self._context, agency, collected.key, collected.content, now)
                token = bringing.spoken_for(self._context, content, as_token(agency.code, now), now)
                sender = token.agency
                examined = _examine(self._context, content, token, now)
            [answer] = intake.accept(self._context, [examined])
            if isinstance(answer, Refusal):
                raise Refused(answer)
            return []
        except Refused as refused:
            known = content is not None and self._is_known(sender, collected, content)
            return [] if known else list(refused.refusals)

    def _is_known(self, sender: str, collected: Collected, content: bytes) -> bool:
        """Whether it was accepted before: these very bytes, or what the broker made of it another time."""
        if intake.accepted_before(self._context, content, sender) is not None:
            return True
        if content == collected.content:  # not the broker's work: other bytes are another document
            return False
        return collecting.accepted_before(self._context, sender, content)

    def _agency(self, code: str) -> Agency:
        agency = self._context.registry.current.directory.get(code)
        if agency is None:
            raise NotNow(f"{code} is gone from the directory")
        return agency

    def _done(self, agency: str, collected: Collected) -> None:
        if not isinstance(collected.content, StatusReport):
            collecting.done(self._context, self._agency(agency), collected.key, collected.content)


def _may_pass(refusal: Refusal) -> bool:
    """Whether it says nothing about the message: the broker is busy, or keeps too many for now."""
    if refusal.code == "drafts_too_many":
        return True
    return CATALOGUE[refusal.code].status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _check(collected: object) -> None:
    if isinstance(collected, Collected) and isinstance(collected.content, bytes | Letter | StatusReport):
        return
    raise TypeError(f"the adapter collected {type(collected).__name__}, which is no message")


def _examine(context: Context, content: bytes, token: Token, now: datetime) -> Examined:
    try:
        return intake.examine(context, content, token, now)
    except Refused as refused:
        if all(each.code != "not_edxml" for each in refused.refusals):
            raise
    return confirm.examine(context, content, token, now)
