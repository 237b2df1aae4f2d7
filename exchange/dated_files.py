"""Files of days that a site may have of its own: holidays and targets."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from exchange import resources
from exchange.core.dated_lines import BadLine, UnusableFile

T = TypeVar("T")


def load(setting: str, path: Path | None, read: Callable[[bytes], T]) -> T:
    """The site's file, else ``config/SETTING.csv`` that ships; raises ``UnusableFile``."""
    if path is None:
        return read(resources.read("config", f"{setting}.csv"))
    try:
        return read(path.read_bytes())
    except (BadLine, OSError) as error:
        why = error.strerror or str(error) if isinstance(error, OSError) else error
        raise UnusableFile(setting, str(path), why) from None
