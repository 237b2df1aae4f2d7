"""How often children must and may occur, where XSD 1.0 cannot say it: c:counts rules inside an XSD.

XSD 1.0 has no content in free order in which some elements may repeat; such content is declared as
a repeated choice, and its counts, which may hang on the kind of message, stand in ``xs:appinfo``:

    <c:counts path="a/b" with="a/b/c" without="a/d"> <c:child name="e" least="1" most="1"/> </c:counts>

``path`` leads from the root to the parent ("." is the root); the rule binds messages that have an
element at ``with`` and none at ``without``, where these are given.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from lxml import etree

from exchange.core.schema_words import Finding, Words, missing, too_many

_C = "{urn:exchange:counts}"


class Step(NamedTuple):
    """One place of a tree: the first child called ``tag`` of an earlier place."""

    parent: int
    tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildRule:
    """How often the children called ``tag`` must and may be there; ``most`` None is without limit."""

    tag: str
    least: int
    most: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountRule:
    """The rules for the children of one place; places are numbers."""

    at: int
    having: int | None
    lacking: int | None
    children: tuple[ChildRule, ...]
    needed: frozenset[str]
    forbidden: frozenset[str]


class Counts:
    """The rules that stand in an XSD; their names are of its target namespace."""

    def __init__(self, xsd: etree._Element) -> None:
        self._namespace = xsd.get("targetNamespace", "")
        self._steps: list[Step] = []  # place n is the end of step n-1; place 0 is the root
        self._rules = tuple(self._rule(counts) for counts in xsd.iter(_C + "counts"))

    def _rule(self, counts: etree._Element) -> CountRule:
        having, lacking = counts.get("with"), counts.get("without")
        children = tuple(self._child(child) for child in counts.iterchildren(_C + "child"))
        return CountRule(
            at=self._place(counts.attrib["path"]),
            having=None if having is None else self._place(having),
            lacking=None if lacking is None else self._place(lacking),
            children=children,
            needed=frozenset(child.tag for child in children if child.least > 0),
            forbidden=frozenset(child.tag for child in children if child.most == 0),
        )

    def _child(self, child: etree._Element) -> ChildRule:
        most = child.get("most")
        return ChildRule(
            tag=self._tag(child.attrib["name"]),
            least=int(child.get("least", "0")),
            most=None if most is None else int(most),
        )

    def _place(self, path: str) -> int:
        place = 0
        for name in path.split("/"):
            if name == ".":
                continue
            step = Step(place, self._tag(name))
            if step not in self._steps:
                self._steps.append(step)
            place = self._steps.index(step) + 1
        return place

    def _tag(self, name: str) -> str:
        return f"{{{self._namespace}}}{name}" if self._namespace else name

    def broken(self, root: etree._Element, words: Words) -> Iterator[Finding]:
        """What is there too seldom or too often."""
        places: list[etree._Element | None] = [root]
        for parent_place, tag in self._steps:
            parent = places[parent_place]
            places.append(None if parent is None else next(parent.iterchildren(tag), None))
        for rule in self._rules:
            element = places[rule.at]
            if element is None:
                continue
            if rule.having is not None and places[rule.having] is None:
                continue
            if rule.lacking is not None and places[rule.lacking] is not None:
                continue
            yield from _miscounted(element, rule, words)


def _miscounted(parent: etree._Element, rule: CountRule, words: Words) -> Iterator[Finding]:
    tags = [child.tag for child in parent]
    present = set(tags)
    doubled = len(present) < len(tags)
    if not doubled and present >= rule.needed and present.isdisjoint(rule.forbidden):
        return  # nearly every message: the rest costs ten times as much
    for child in rule.children:
        count = tags.count(child.tag)
        if count < child.least:
            yield missing(words, parent, child.tag)
        elif child.most is not None and count > child.most:
            surplus = list(parent.iterchildren(child.tag))[child.most]
            yield too_many(words, surplus, child.most)
