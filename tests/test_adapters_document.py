"""docs/adapters.md says what is so: its examples of options are taken by the adapters."""

import importlib
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.adapters_document import block


@pytest.mark.parametrize("section", ["Plone", "Mayan", "CMIS", "SFTP", "WebDAV", "SMB", "Mail"])
def test_the_example_of_options_is_taken(section: str, tmp_path: Path) -> None:
    example = json.loads(block(section, "json"))
    secrets = {"password": b"mat-khau", "token": b"0123abcd", "private_key": _private_key()}
    options = dict(example["options"])
    for name in secrets.keys() & options.keys():
        (tmp_path / name).write_bytes(secrets[name])
        options[name] = f"file:{tmp_path / name}"
    importlib.import_module(f"adapters.{example['adapter']}").Adapter(options, 5).close()


def _private_key() -> bytes:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
