"""The data that ships with the broker: XSDs, code lists, configuration defaults, the sample province.

In a source checkout they are the folders ``schemas`` and ``config`` beside the package; an installed
wheel carries the same two folders inside it. Nothing is interpreted here.
"""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal


def read(kind: Literal["schemas", "config"], name: str) -> bytes:
    """The bytes of one data file, ``name`` relative to its folder; ``FileNotFoundError`` if there is none."""
    return _folder(kind).joinpath(name).read_bytes()


def _folder(kind: str) -> Traversable:
    installed = files("exchange").joinpath("_data", kind)
    return installed if installed.is_dir() else Path(__file__).parents[1] / kind
