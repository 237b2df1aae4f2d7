"""Which adapter speaks to which agency: one instance each, kept while the directory says the same."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from exchange.adapter import AgencyAdapter
from exchange.core.directory import Agency
from exchange.registry import Registry

# Makes an adapter from its name, options and time limit; raises ``ValueError`` with a sentence.
Load = Callable[[str, dict[str, object], float], AgencyAdapter]


class NoAdapter(Exception):
    """The agency cannot be reached: it is gone from the directory, or its adapter cannot be made."""


@dataclass(frozen=True, slots=True)
class _Kept:
    adapter: AgencyAdapter
    made_from: tuple[str, str]


class Connections:
    """Finds an agency's adapter. Shared by threads."""

    def __init__(self, registry: Registry, load: Load, timeout_seconds: float) -> None:
        self._registry = registry
        self._load = load
        self._timeout_seconds = timeout_seconds
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def of(self, code: str) -> AgencyAdapter:
        """The adapter of the agency with this key; raises ``NoAdapter`` with the reason."""
        agency = self._registry.current.directory.get(code)
        if agency is None or not agency.adapter:
            raise NoAdapter(f"{code} is not connected")
        made_from = (agency.adapter, repr(sorted(agency.options.items())))
        kept = self._kept.get(code)
        if kept is not None and kept.made_from == made_from:
            return kept.adapter
        return self._make(agency, made_from)

    def _make(self, agency: Agency, made_from: tuple[str, str]) -> AgencyAdapter:
        with self._lock:
            kept = self._kept.get(agency.code)
            if kept is not None and kept.made_from == made_from:
                return kept.adapter
            try:
                adapter = self._load(agency.adapter, dict(agency.options), self._timeout_seconds)
            except ValueError as error:
                raise NoAdapter(f"the adapter of {agency.code} cannot be made: {error}") from None
            # The old one is left to its last users; its connections close with it.
            self._kept[agency.code] = _Kept(adapter, made_from)
            return adapter

    def connected(self) -> list[str]:
        """Keys of all agencies that have an adapter."""
        return [agency.code for agency in self._registry.current.directory if agency.adapter]

    def close(self) -> None:
        """Close all."""
        for kept in self._kept.values():
            kept.adapter.close()
