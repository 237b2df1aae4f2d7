"""What the errors of xmlschema mean, as findings."""

from itertools import islice
from typing import Any, cast

from lxml import etree
from xmlschema import XMLSchema10, XMLSchemaException
from xmlschema.validators import (
    XMLSchemaChildrenValidationError,
    XMLSchemaValidationError,
    XsdAttribute,
    XsdAttributeGroup,
    XsdElement,
    XsdEnumerationFacets,
    XsdGroup,
    XsdMaxLengthFacet,
    XsdMinLengthFacet,
    XsdPatternFacets,
    XsdSimpleType,
)

from exchange.core import schema_words
from exchange.core.schema_words import Finding, Words


class Explainer:
    """Says what is wrong by an XSD 1.0, at most ``most`` findings for a message."""

    def __init__(self, xsd: bytes, words: Words, most: int) -> None:
        self._schema = XMLSchema10(xsd, allow="none", defuse="never")
        self._words = words
        self._most = most

    def findings(self, root: etree._Element) -> list[Finding]:
        """What xmlschema says; nothing if it cannot cope with the message."""
        try:
            errors = list(islice(self._schema.iter_errors(cast(Any, root)), self._most))
        except XMLSchemaException:
            return []
        findings = (explain(self._words, error) for error in errors)
        return [finding for finding in findings if finding is not None]


def explain(words: Words, error: XMLSchemaValidationError) -> Finding | None:
    """The finding that ``error`` stands for; ``None`` if it names no element."""
    element = cast(etree._Element | None, error.elem)  # the tree that is checked is one of lxml
    if element is None:
        return None
    if isinstance(error, XMLSchemaChildrenValidationError):
        return _children(words, error, element)
    match error.validator:
        case XMLSchema10():
            return schema_words.unexpected(words, element)
        case XsdGroup() if schema_words.stray(element):
            return schema_words.stray_text(words, element)
        case XsdAttributeGroup() | XsdAttribute():
            return schema_words.attribute(words, element, error.reason or "")
        case XsdElement() if len(element):
            return schema_words.unexpected(words, element[0])
        case XsdElement() if error.validator.type.is_empty():
            return schema_words.stray_text(words, element)
    return _value(words, error, element)


def _children(words: Words, error: XMLSchemaChildrenValidationError, element: etree._Element) -> Finding:
    """Missing, doubled or misplaced: xmlschema names the first child that does not fit, or none."""
    expected = [each.name for each in error.expected or () if isinstance(each, XsdElement) and each.name]
    if error.invalid_tag is None or not 0 <= error.index < len(element):
        if not expected:
            return schema_words.other(words, element, error.reason or error.message)
        return schema_words.missing(words, element, expected[0])
    child = element[error.index]
    model = cast(XsdGroup, error.validator)
    declared = {each.name for each in model.iter_elements() if isinstance(each, XsdElement)}
    if child.tag not in declared:
        return schema_words.unexpected(words, child)
    if any(earlier.tag == child.tag for earlier in element[: error.index]):
        return schema_words.too_many(words, child, 1)
    if expected:
        return schema_words.missing(words, element, expected[0])
    return schema_words.unexpected(words, child)


def _value(words: Words, error: XMLSchemaValidationError, element: etree._Element) -> Finding:
    value = error.obj if isinstance(error.obj, str) else (element.text or "").strip()
    validator = error.validator
    match validator:
        case XsdMinLengthFacet() | XsdPatternFacets() | XsdEnumerationFacets() if not value:
            return schema_words.empty(words, element)
        case XsdMaxLengthFacet():
            return schema_words.too_long(words, element, value, int(str(validator.value)))
        case XsdEnumerationFacets():
            return schema_words.not_in_list(words, element, value, validator.enumeration)
        case XsdPatternFacets():
            parent = validator.parent
            form = words.form(parent.name if parent is not None else None)
            return schema_words.wrong_form(words, element, value, form)
        case XsdSimpleType():
            return schema_words.wrong_form(words, element, value, words.form(validator.name))
    return schema_words.other(words, element, error.reason or error.message)
