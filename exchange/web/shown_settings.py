"""Settings as they may be seen: in the order of the file of defaults, with its words, without secrets."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import SecretStr

from exchange import resources
from exchange.settings import Settings, defaults

# What a name tells: its value is a secret. ``secret_marks`` are words that documents are marked with.
_SECRET = re.compile(r"password|passwd|secret|token|credential|(^|_)key($|_)", re.IGNORECASE)
_NO_SECRET = frozenset({"secret_marks"})
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
_SECTION = re.compile(r"# --- (?P<title>.*?) ---")
_LINE = re.compile(r"(?P<name>[a-z0-9_]+) = .*?(?:#\s*(?P<said>.*))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting. ``value`` is None where it is set and must not be shown."""

    name: str
    value: str | None
    default: str | None
    meaning: str
    """In the words of the file, English."""

    @property
    def changed(self) -> bool:
        """Whether the site chose otherwise."""
        return self.value != self.default


def sections(settings: Settings) -> list[tuple[str, list[Setting]]]:
    """Title of each section, English, and its settings; none is left out."""
    source = resources.read("config", "default.toml").decode()
    standard = defaults()
    found: list[tuple[str, list[Setting]]] = []
    for title, name, meaning in _lines(source):
        if title:
            found.append((title, []))
        elif name in type(settings).model_fields:
            shown, default = seen(name, getattr(settings, name)), seen(name, standard[name])
            found[-1][1].append(Setting(name=name, value=shown, default=default, meaning=meaning))
    return [(title, several) for title, several in found if several]


def _lines(source: str) -> Iterator[tuple[str, str, str]]:
    """Title of a section, or name and meaning of a setting."""
    for line in source.splitlines():
        if section := _SECTION.fullmatch(line.strip()):
            yield section["title"], "", ""
        elif setting := _LINE.fullmatch(line.strip()):
            yield "", setting["name"], setting["said"] or ""


def seen(name: str, value: object) -> str | None:
    """The value as it may be seen; None where it is a secret that is set."""
    if isinstance(value, SecretStr):
        return None if value.get_secret_value() else ""
    if value in (None, "", (), []):
        return ""
    if _SECRET.search(name) and name not in _NO_SECRET and not name.endswith("_file"):
        return None
    if isinstance(value, list | tuple):
        return ", ".join(_plain(_written(each), name) for each in value)
    return _plain(_written(value), name)


def _written(value: object) -> str:
    """As in the file: a whole number is one, whatever its type."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.15g}" if isinstance(value, int | float) else str(value)


def _plain(text: str, name: str) -> str:
    return _ADDRESS.sub(lambda found: _address(found[0], whole="webhook" not in name), text)


def _address(text: str, *, whole: bool) -> str:
    """Without user, password and query; of a webhook, whose path may be its secret, the host alone."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", f":{parts.port}" if parts.port else ""
    except ValueError:
        return "…"
    user = "…@" if "@" in parts.netloc else ""
    query = "?…" if parts.query or parts.fragment else ""
    if not whole:
        return f"{parts.scheme}://{host}{port}/…"
    return f"{parts.scheme}://{user}{host}{port}{parts.path}{query}"
