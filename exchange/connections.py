"""Which adapter speaks to which agency: one instance each, kept while the directory says the same."""

import importlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pkgutil import iter_modules

import structlog

from exchange.adapter import AgencyAdapter
from exchange.core.directory import Agency
from exchange.registry import Registry

log = structlog.get_logger(__name__)

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
        """The adapter of the agency with this key, or of its hub; raises ``NoAdapter`` with the reason."""
        agency = self._registry.current.directory.get(code)
        if agency is not None and agency.hub:
            agency = self._registry.current.directory.get(agency.hub) or agency
        if agency is None or not agency.adapter:
            raise NoAdapter(f"{code} is not connected")
        return self._kept_for(agency) or self._make(agency)

    def kept(self, code: str) -> AgencyAdapter | None:
        """The agency's adapter, if it was made already."""
        agency = self._registry.current.directory.get(code)
        return None if agency is None else self._kept_for(agency)

    def connected(self) -> list[str]:
        """Keys of all agencies that have an adapter of their own."""
        return [
            agency.code for agency in self._registry.current.directory if agency.adapter and not agency.hub
        ]

    def close(self) -> None:
        """Close all; one that cannot be closed keeps no other from it."""
        for code, kept in list(self._kept.items()):
            try:
                kept.adapter.close()
            except Exception:
                log.exception("adapter_not_closed", agency=code)

    def _kept_for(self, agency: Agency) -> AgencyAdapter | None:
        kept = self._kept.get(agency.code)
        return kept.adapter if kept is not None and kept.made_from == _made_from(agency) else None

    def _make(self, agency: Agency) -> AgencyAdapter:
        try:
            # Not under the lock: one that takes its time keeps nobody else waiting.
            adapter = self._load(agency.adapter, dict(agency.options), self._timeout_seconds)
        except ValueError as error:
            raise NoAdapter(f"the adapter of {agency.code} cannot be made: {error}") from None
        with self._lock:
            earlier = self._kept_for(agency)
            if earlier is None:
                # The old one is left to its last users; its connections close with it.
                self._kept[agency.code] = _Kept(adapter, _made_from(agency))
                return adapter
        adapter.close()  # another thread was faster
        return earlier


def _made_from(agency: Agency) -> tuple[str, str]:
    return agency.adapter, repr(sorted(agency.options.items()))


def load_adapter(name: str, options: dict[str, object], timeout_seconds: float) -> AgencyAdapter:
    """Make the adapter ``adapters/<name>.py``; raises ``ValueError`` with a sentence."""
    adapter = adapter_class(name)(options, timeout_seconds)
    assert isinstance(adapter, AgencyAdapter)
    return adapter


def adapter_class(name: str) -> type[AgencyAdapter]:
    """The class ``Adapter`` of ``adapters/<name>.py``; raises ``ValueError`` if there is none."""
    if not name.isidentifier():
        raise ValueError(f"“{name}” is not the name of an adapter")
    try:
        module = importlib.import_module(f"adapters.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"adapters.{name}":
            raise
        raise ValueError(f"there is no adapter “{name}”") from None
    found: type[AgencyAdapter] = module.Adapter
    return found


def adapter_names() -> tuple[str, ...]:
    """The adapters that there are, by name."""
    return tuple(sorted(module.name for module in iter_modules(importlib.import_module("adapters").__path__)))
