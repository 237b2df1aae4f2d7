"""Secrets of adapters: the directory says where one stands, never what it is.

Whoever reads the directory, its export or a page about an agency reads no secret.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, SecretStr


def _source(text: SecretStr) -> SecretStr:
    kind, _, name = text.get_secret_value().partition(":")
    if kind not in ("file", "env") or not name:
        raise ValueError("must be file:PATH or env:NAME: where the secret stands, not the secret itself")
    return text


# The type of an option that says where a secret stands.
SecretSource = Annotated[SecretStr, AfterValidator(_source)]


def secret(option: str, source: SecretSource) -> str:
    """The secret that the option ``option`` points to; ``ValueError`` names the option, never a value."""
    kind, _, name = source.get_secret_value().partition(":")
    try:
        found = os.environ[name] if kind == "env" else Path(name).read_text("utf-8")
    except KeyError:
        raise ValueError(f"option '{option}': the environment has no such variable") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"option '{option}': cannot be read ({type(error).__name__})") from None
    if not found.strip():
        raise ValueError(f"option '{option}': the secret is empty")
    return found.strip()


def secrets_in(options: Mapping[str, object]) -> tuple[str, ...]:
    """Every secret that the options of an adapter hold or point to, however deep, as far as it can be read.

    For whoever must see to it that none is shown.
    """
    return tuple(each for name, value in options.items() for each in _secrets_of(name, value))


def _secrets_of(name: str, value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from secrets_in(value)
        return
    if isinstance(value, list | tuple):
        for each in value:
            yield from _secrets_of(name, each)
        return
    source = f"file:{value}" if name == "secret_file" else str(value)
    if name == "secret":
        yield source
    elif source.startswith(("file:", "env:")):
        with suppress(ValueError):
            yield secret(name, SecretStr(source))
