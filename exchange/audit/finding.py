"""Findings: what was checked of a file, with what result, in sentences for people and codes for machines."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum


class Status(StrEnum):
    """The result of one check."""

    PROVEN = "proven"
    REFUSED = "refused"
    UNCHECKED = "unchecked"
    """It is in the file and cannot be checked: an anchor is missing, or it is not complete yet."""
    OPEN = "open"
    """What the file does not show at all; it stands in nobody's way, and the reader should know."""


class Exit(IntEnum):
    """How the command ends."""

    PROVEN = 0
    REFUSED = 1
    INCOMPLETE = 2
    UNREADABLE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check: ``code`` is stable, ``about`` names the part of the file that was checked."""

    status: Status
    code: str
    about: str
    text_vi: str
    text: str
    remedy_vi: str
    remedy: str
    commands: tuple[str, ...] = ()
    """The same check with sha256sum, openssl, xmlsec1."""

    def shown_by(self, *commands: str) -> "Finding":
        """The same, with these commands."""
        return replace(self, commands=commands)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that was found of one file. ``facts`` are for machines: what is claimed, by part."""

    kind: str
    findings: tuple[Finding, ...]
    facts: Mapping[str, object] = field(default_factory=dict)
    readable: bool = True

    @property
    def exit(self) -> Exit:
        """The worst finding decides; nothing proven is not proven."""
        if not self.readable:
            return Exit.UNREADABLE
        found = {finding.status for finding in self.findings}
        if Status.REFUSED in found:
            return Exit.REFUSED
        if Status.UNCHECKED in found or Status.PROVEN not in found:
            return Exit.INCOMPLETE
        return Exit.PROVEN

    def of(self, status: Status) -> tuple[Finding, ...]:
        """The findings with this result."""
        return tuple(finding for finding in self.findings if finding.status is status)


def refuses(findings: Iterable[Finding]) -> bool:
    """Whether one of them is a refusal."""
    return any(finding.status is Status.REFUSED for finding in findings)
