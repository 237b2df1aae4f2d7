"""Keys of agencies that the broker keeps for them, where a site gives it some (setting ``desk_keys``).

In the folder lie, for each such agency, ``<code>-key.pem`` and its certificate ``<code>.pem``. A key is
used only while its certificate is registered for the agency and valid.
"""

import re
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import structlog

from exchange.context import Context
from exchange.core.directory import Agency
from exchange.core.refusal import Refused
from exchange.core.signature import SigningKey
from exchange.core.trust import fingerprint

log = structlog.get_logger(__name__)

_NAME = re.compile(r"[0-9A-Za-z_-][0-9A-Za-z._-]{0,63}")


def key_of(context: Context, agency: Agency, now: datetime) -> SigningKey | None:
    """The key by which the broker may sign in the agency's name; None where it was given none."""
    folder = context.settings.desk_keys
    if folder is None or not _NAME.fullmatch(agency.code):
        return None
    key_file, certificate_file = folder / f"{agency.code}-key.pem", folder / f"{agency.code}.pem"
    try:
        changed = (key_file.stat().st_mtime_ns, certificate_file.stat().st_mtime_ns)
        key = _loaded(key_file, certificate_file, changed)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, Refused) as error:
        log.error("desk_key_unusable", agency=agency.code, error=str(error))
        return None
    if not _registered(key, agency, now):
        log.error("desk_key_not_registered", agency=agency.code)
        return None
    return key


def _registered(key: SigningKey, agency: Agency, now: datetime) -> bool:
    mark = fingerprint(key.certificate)
    certificate = key.certificate
    valid = certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
    return valid and any(
        each.fingerprint == mark and each.valid_from <= now and (each.valid_to is None or now < each.valid_to)
        for each in agency.certificates
    )


@lru_cache(maxsize=256)
def _loaded(key_file: Path, certificate_file: Path, changed: tuple[int, int]) -> SigningKey:  # noqa: ARG001
    """Loading takes milliseconds; a file that is replaced is read anew."""
    return SigningKey.load(key_file.read_bytes(), certificate_file.read_bytes())
