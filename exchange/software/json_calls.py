"""The calls that one delivery takes, of software that answers in JSON: together within one time limit."""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Lock
from time import monotonic
from types import MappingProxyType
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from exchange.adapter import Refused, Retry
from exchange.http_client import ANSWER_BYTES_MAX, Answer, HttpClient, NoAnswer

Shape = TypeVar("Shape", bound=BaseModel)
JSON_BYTES_MAX = 16_000_000  # of an answer that is read as JSON
WORDS = ("message", "detail", "error_description", "exception")  # where software says what is wrong


class Stopped(Exception):
    """A call did not succeed, and the delivery goes no further: ``verdict``."""

    def __init__(self, verdict: Retry | Refused) -> None:
        super().__init__(verdict.reason)
        self.verdict = verdict


class Calls:
    """Calls over one ``HttpClient``, all of which must end within ``timeout_seconds`` from here."""

    def __init__(self, client: HttpClient, headers: Mapping[str, str], timeout_seconds: float) -> None:
        self._client = client
        self._headers = headers
        self._timeout_seconds = timeout_seconds
        self._end = monotonic() + timeout_seconds

    @contextmanager
    def alone(self, lock: Lock) -> Iterator[None]:
        """Hold the lock; raises ``Stopped`` where another has it until the time is up."""
        if not lock.acquire(timeout=max(self._end - monotonic(), 0)):
            raise Stopped(Retry(f"{self._client.peer}: other calls took {self._timeout_seconds:g} s"))
        try:
            yield
        finally:
            lock.release()

    def call(
        self,
        method: str,
        target: str,
        *,
        document: object = None,
        body: bytes = b"",
        headers: Mapping[str, str] = MappingProxyType({}),
        passing: Collection[int] = (),
        answer_bytes_max: int = JSON_BYTES_MAX,
    ) -> Answer:
        """The answer, if it is 2xx or among ``passing``; raises ``Stopped``. ``document`` is sent as JSON."""
        sent = {**self._headers, **headers}
        if document is not None:
            body = json.dumps(document, ensure_ascii=False).encode()
            sent["Content-Type"] = "application/json"
        try:
            answer = self._client.call(
                method,
                target,
                timeout_seconds=max(self._end - monotonic(), 0.001),
                headers=sent,
                body=body,
                answer_bytes_max=answer_bytes_max,
            )
        except NoAnswer as error:
            late = f"{self._client.peer}: no answer within {self._timeout_seconds:g} s"
            raise Stopped(Retry(late if monotonic() >= self._end else str(error))) from None
        if 200 <= answer.status < 300 or answer.status in passing:
            return answer
        raise self.stopped(answer)

    def stopped(self, answer: Answer) -> Stopped:
        """What an answer that does not fit means for the document, to be raised."""
        return Stopped(self._client.verdict(_in_words(answer), datetime.now(UTC)))

    def read(
        self,
        shape: type[Shape],
        method: str,
        target: str,
        *,
        document: object = None,
        body: bytes = b"",
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Shape:
        """The answer read as ``shape``; raises ``Stopped``: what is something else is to be tried again."""
        return self.shaped(shape, self.call(method, target, document=document, body=body, headers=headers))

    def shaped(self, shape: type[Shape], answer: Answer) -> Shape:
        """The same of an answer that is there already."""
        try:
            return shape.model_validate_json(answer.body)
        except ValidationError as error:
            wrong = error.errors(include_url=False, include_context=False, include_input=False)[0]
            place = ".".join(str(part) for part in wrong["loc"])
            reason = f"{self._client.peer}: not the answer that is expected: {place} {wrong['msg']}"
        raise Stopped(Retry(self._client.words(reason)))


def _in_words(answer: Answer) -> Answer:
    """The same with what the software says is wrong, where it says that in JSON."""
    body = answer.body[:ANSWER_BYTES_MAX]
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return Answer(answer.status, answer.headers, body)
    if isinstance(found, dict) and isinstance(found.get("error"), dict):
        found = found["error"]
    words = [found[name] for name in WORDS if isinstance(found, dict) and isinstance(found.get(name), str)]
    return Answer(answer.status, answer.headers, words[0].encode("utf-8", "replace") if words else body)
