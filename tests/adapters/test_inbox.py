"""The inbox: the receiver fetches, the adapter only says so."""

import pytest

from adapters.inbox import Adapter
from exchange.adapter import Available
from tests.adapters.conformance import AdapterConformance, Options, outgoing


class TestInbox(AdapterConformance):
    adapter_class = Adapter
    success = Available

    @pytest.fixture
    def options(self) -> Options:
        return {}

    def test_a_document_lies_ready(self, adapter: Adapter) -> None:
        assert adapter.deliver(outgoing()) == Available()
