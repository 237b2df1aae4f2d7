"""How many documents a second each adapter hands over to real software, and what that costs the broker."""

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

import pytest

from exchange.adapter import Accepted, AgencyAdapter, Delivered
from tests.adapters.conformance import outgoing
from tests.adapters.letters import document

THREADS = 4  # to one agency at the same time, as ``agency_concurrency`` has it
BYTES = 20_000


class FigureConformance:
    """A hundred documents of 20 kB are all taken; a thousand, where the figures are wanted.

    ``EXCHANGE_TEST_FIGURES`` names the file that gets a line of JSON for each adapter.
    """

    adapter_class: ClassVar[type[AgencyAdapter]]

    def test_many_documents_are_taken_and_counted(
        self, adapter: AgencyAdapter, request: pytest.FixtureRequest
    ) -> None:
        wanted = os.environ.get("EXCHANGE_TEST_FIGURES", "")
        content = document(files={"Công văn.pdf": b"%PDF-1.4\n".ljust(BYTES * 3 // 4 - 1_000)})
        count = 1_000 if wanted else 100
        documents = [outgoing(content, key=f"019b0000000070008000{n:012x}") for n in range(count)]
        assert isinstance(adapter.deliver(documents[0]), Delivered | Accepted)  # connections are open
        begun, used = time.perf_counter(), time.process_time()
        with ThreadPoolExecutor(THREADS) as pool:
            outcomes = list(pool.map(adapter.deliver, documents[1:]))
        seconds, used = time.perf_counter() - begun, time.process_time() - used
        assert [each for each in outcomes if not isinstance(each, Delivered | Accepted)] == []
        if wanted:
            line = {
                "software": request.node.getparent(pytest.Class).name.removeprefix("Test"),
                "adapter": self.adapter_class.__module__.removeprefix("adapters."),
                "bytes": len(content),
                "documents": count - 1,
                "per_second": round((count - 1) / seconds, 1),
                "processor_ms_per_document": round(used / (count - 1) * 1_000, 2),
            }
            with Path(wanted).open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
