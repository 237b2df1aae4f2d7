"""What a WebDAV server says of its resources: ``207 Multi-Status`` (RFC 4918, 13 and 15)."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from lxml import etree

from exchange.core.parsing import ParseLimits, parse

ASKED = (
    b'<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop>'
    b"<resourcetype/><getcontentlength/><getlastmodified/><getetag/></prop></propfind>"
)
LIMITS = ParseLimits()
COLLECTION = "{DAV:}prop/{DAV:}resourcetype/{DAV:}collection"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource of a listing: its last segment, decoded, and what is known of it."""

    name: str
    is_folder: bool
    size: int  # bytes; -1 where the server does not say
    last_modified: str  # an HTTP date
    etag: str


def read_multistatus(content: bytes) -> list[Resource]:
    """The resources of an answer; raises ``Refused`` where it is not one."""
    return [_resource(response) for response in parse(content, LIMITS).findall("{DAV:}response")]


def _resource(response: etree._Element) -> Resource:
    path = urlsplit(response.findtext("{DAV:}href", "").strip()).path
    found = [each for each in response.findall("{DAV:}propstat") if _is_ok(each)]
    size = _text(found, "getcontentlength")
    return Resource(
        name=unquote(path.rstrip("/").rpartition("/")[2]),
        is_folder=any(
            each.find("{DAV:}prop/{DAV:}resourcetype/{DAV:}collection") is not None for each in found
        ),
        size=int(size) if size.isascii() and size.isdigit() else -1,
        last_modified=_text(found, "getlastmodified"),
        etag=_text(found, "getetag"),
    )


def _is_ok(propstat: etree._Element) -> bool:
    return propstat.findtext("{DAV:}status", "").split()[1:2] == ["200"]


def _text(propstats: list[etree._Element], name: str) -> str:
    return "".join(each.findtext(f"{{DAV:}}prop/{{DAV:}}{name}", "") for each in propstats).strip()
