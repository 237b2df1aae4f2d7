"""Does a message follow a schema, and if not, where and why, in words for people.

libxml2 decides, in microseconds, together with the counts that XSD 1.0 cannot express (see
``schema_counts``); xmlschema, far slower, only explains a refusal.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, cast

from lxml import etree

from exchange.core.schema_counts import Counts
from exchange.core.schema_words import Finding, Reason, Words, local, other, too_large

if TYPE_CHECKING:
    from exchange.core.schema_explain import Explainer

__all__ = ["Reason", "Schema", "Violation"]

VIOLATIONS_MAX = 50
ELEMENTS_MAX = 20_000  # some two thousand receivers; libxml2's reports of errors grow with the square
ELEMENTS_EXPLAINED_MAX = 2_000  # xmlschema needs some 20 to 100 µs each; beyond, libxml2 has to explain
_ELEMENTS = etree.XPath("count(descendant-or-self::*)")
_XSD_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One place where a message breaks the schema.

    ``line`` is that of the element, or of its parent where it is missing, 0 if unknown; ``path``
    leads to it from the root; ``value`` is the text or name that is wrong, cut to 100 characters.
    """

    line: int
    path: str
    reason: Reason
    message: str
    message_vi: str
    value: str = ""


class Schema:
    """One XSD 1.0, made ready once and used by many threads.

    Raises ``lxml.etree.XMLSchemaParseError`` or ``XMLSyntaxError`` if ``xsd`` is none.
    """

    def __init__(self, xsd: bytes) -> None:
        self._xsd = xsd
        self._tree = etree.fromstring(xsd, _XSD_PARSER)
        self._decides = etree.XMLSchema(self._tree)
        self._words = Words.of(self._tree)
        self._counts = Counts(self._tree)

    def check(self, root: etree._Element, source: etree._Element | None = None) -> tuple[Violation, ...]:
        """The violations by line, at most 50; ``()`` if and only if ``root`` follows the schema.

        A message of more than 20,000 elements is refused unseen.
        ``source`` is the tree as received, where ``root`` is a copy of it that lost the line numbers.
        """
        elements = int(cast(float, _ELEMENTS(root)))
        if elements > ELEMENTS_MAX:
            findings = [too_large(self._words, root, elements, ELEMENTS_MAX)]
        else:
            findings = list(self._counts.broken(root, self._words))
            if not self._decides(root):
                explained = self._explains.findings(root) if elements <= ELEMENTS_EXPLAINED_MAX else []
                findings += explained or self._decided(root)
        if not findings:
            return ()
        received = root if source is None else source
        found = {(each.path, each.reason): each for each in _violations(findings, received)}
        return tuple(sorted(found.values(), key=lambda each: each.line))[:VIOLATIONS_MAX]

    def _decided(self, root: etree._Element) -> list[Finding]:
        """What libxml2 says, by a validator of our own: the log of the shared one is every thread's."""
        validator = etree.XMLSchema(self._tree)
        valid = validator.validate(root)
        assert not valid, "libxml2 contradicts itself"
        return [
            other(self._words, _element_at(root, entry.path), entry.message)
            for entry in islice(validator.error_log, VIOLATIONS_MAX)
        ]

    @cached_property
    def _explains(self) -> "Explainer":
        # Loading xmlschema takes longer than all the rest: only who sends what is wrong waits for it.
        from exchange.core.schema_explain import Explainer

        return Explainer(self._xsd, self._words, VIOLATIONS_MAX)


_PREFIXED = re.compile(r"[^/:\[\]]+:([^/:\[\]]+)")


def _element_at(root: etree._Element, path: str | None) -> etree._Element:
    """The element at a path of libxml2, whose prefixes are those of the document, whatever they mean."""
    unprefixed = _PREFIXED.sub(r"*[local-name()='\1']", path or "/*")
    found = etree.ElementTree(root).xpath(unprefixed)
    return found[0] if isinstance(found, list) and found and isinstance(found[0], etree._Element) else root


def _violations(findings: list[Finding], received: etree._Element) -> Iterator[Violation]:
    family: _Family = {}
    for finding in findings[: 2 * VIOLATIONS_MAX]:
        steps = _steps(finding.element, family)
        path = "".join(
            f"/{local(tag)}{f'[{position}]' if among > 1 else ''}" for tag, position, among in steps
        )
        yield Violation(
            line=_line(received, steps),
            path=f"{path}/{finding.child}" if finding.child else path,
            reason=finding.reason,
            message=finding.message,
            message_vi=finding.message_vi,
            value=finding.value,
        )


_Step = tuple[str, int, int]  # tag, position among the siblings of that tag, number of these
_Family = dict[tuple[etree._Element, str], list[etree._Element]]  # children of one parent with one tag


def _steps(element: etree._Element, family: _Family) -> list[_Step]:
    """The way from the root to ``element``; ``family`` remembers siblings, which may be thousands."""
    steps: list[_Step] = []
    for each in (element, *element.iterancestors()):
        parent, tag = each.getparent(), str(each.tag)
        if parent is None:
            steps.append((tag, 1, 1))
            continue
        if (parent, tag) not in family:
            family[parent, tag] = list(parent.iterchildren(tag))
        siblings = family[parent, tag]
        steps.append((tag, siblings.index(each) + 1, len(siblings)))
    return steps[::-1]


def _line(received: etree._Element, steps: list[_Step]) -> int:
    """The line where the way ends in the received tree, or of the last element that it shares."""
    element = received
    for tag, position, _ in steps[1:]:
        child = next(islice(element.iterchildren(tag), position - 1, None), None)
        if child is None:
            break
        element = child
    return element.sourceline or 0
