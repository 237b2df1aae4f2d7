"""The witness's own key: read from its folder, made there at the first start."""

import socket
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from exchange.core.note import NotANote, NoteKey, Vkey
from exchange.witness import files

KEY_FILE = "witness-key.pem"
VKEY_FILE = "witness-vkey.txt"  # what is given to logs and auditors; it carries the key's name
LOCK_FILE = ".witness-key.lock"


class WrongKey(Exception):
    """The key cannot be used; the message says why, and nothing was changed."""


def witness_key(folder: Path, name: str = "") -> NoteKey:
    """The key in ``folder``; where there is none, a new one called ``name``, or after this machine.

    Raises ``WrongKey``, also if the key that is there has another name: what was cosigned under one
    name does not verify under another.
    """
    files.make_folder(folder)
    with files.locked(folder / LOCK_FILE, wait=True):
        if not (folder / KEY_FILE).exists():
            _make(folder, name or f"{socket.gethostname()}/witness")
    key = _load(folder)
    if name and key.cosigner_vkey.name != name:
        raise WrongKey(f"the key in {folder} is called {key.cosigner_vkey.name}, not {name}")
    return key


def _make(folder: Path, name: str) -> None:
    private_key = Ed25519PrivateKey.generate()
    try:
        key = NoteKey(name, private_key)
    except NotANote as error:
        raise WrongKey(f"{name!r}: {error}") from None
    # The key last: it says that both are there. A crash between the two leaves a name to overwrite.
    files.write(folder / VKEY_FILE, f"{key.cosigner_vkey.text}\n".encode())
    pem = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    files.write(folder / KEY_FILE, pem, 0o600)


def _load(folder: Path) -> NoteKey:
    try:
        vkey = Vkey.parse((folder / VKEY_FILE).read_text("utf-8").rstrip("\n"))
        key = NoteKey.load(vkey.name, (folder / KEY_FILE).read_bytes())
    except (NotANote, ValueError, TypeError) as error:
        raise WrongKey(f"the key in {folder} cannot be read: {error}") from None
    if key.cosigner_vkey != vkey:
        raise WrongKey(f"{KEY_FILE} and {VKEY_FILE} in {folder} do not belong together")
    return key
