"""What goes over the line of CMIS 1.1's browser binding (chapter 5): answers, forms, queries."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated
from urllib.parse import quote, urlencode, urlsplit

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, RootModel

from exchange.adapter import Retry
from exchange.http_client import Answer
from exchange.software.json_calls import Stopped

# It stands in queries as it is: a query name (CMIS 1.1, 2.1.2) holds no quote and no space.
QueryName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_:.-]*$")]


class Repository(BaseModel):
    """One of the service document, with its two addresses."""

    url: str = Field(alias="repositoryUrl")
    root: str = Field(alias="rootFolderUrl")
    product: str | None = Field(default=None, alias="productName")
    version: str | None = Field(default=None, alias="productVersion")
    cmis: str | None = Field(default=None, alias="cmisVersionSupported")


class Repositories(RootModel[dict[str, Repository]]):
    """The service document: repositories by their ids."""


class Properties(BaseModel):
    """Of one object, in the succinct form (5.2.11); further ones are extra."""

    model_config = ConfigDict(extra="allow")

    id: str = Field(alias="cmis:objectId")
    name: str = Field(default="", alias="cmis:name")
    base: str = Field(default="", alias="cmis:baseTypeId")
    modified: AwareDatetime | None = Field(default=None, alias="cmis:lastModificationDate")
    modified_by: str | None = Field(default=None, alias="cmis:lastModifiedBy")
    bytes: int | None = Field(default=None, alias="cmis:contentStreamLength")
    file_name: str | None = Field(default=None, alias="cmis:contentStreamFileName")

    def text(self, name: str) -> str:
        """Another property, of one value."""
        value = (self.model_extra or {}).get(name)
        value = value[0] if isinstance(value, list) and value else value
        return value if isinstance(value, str) else ""


class Found(BaseModel):
    """One object, or one row of what a query found."""

    properties: Properties = Field(alias="succinctProperties")


class Child(BaseModel):
    """One entry of a list of children."""

    object: Found


class Children(BaseModel):
    """A page of what lies in a folder."""

    objects: list[Child]
    more: bool = Field(default=False, alias="hasMoreItems")


class Results(BaseModel):
    """A page of what a query found."""

    results: list[Found]
    more: bool = Field(default=False, alias="hasMoreItems")


def target_of(url: str, path: str, query: Mapping[str, str]) -> str:
    """The address without the host: behind a proxy it is not ours, and the password goes to ours alone."""
    try:
        start = quote(urlsplit(url).path.rstrip("/"), safe="/%:@!$&'()*+,;=~-._")
    except ValueError:
        raise Stopped(Retry("the repository's own address is no URL")) from None
    if not query:
        return f"{start}{path}" or "/"
    return f"{start}{path}?{urlencode({**query, 'succinct': 'true'})}"


def controls(properties: Mapping[str, str | Sequence[str]]) -> dict[str, str]:
    """CMIS 1.1, 5.4.4: properties as controls of a form, of one value or of several."""
    controls = {}
    for number, (name, value) in enumerate(properties.items()):
        controls[f"propertyId[{number}]"] = name
        if isinstance(value, str):
            controls[f"propertyValue[{number}]"] = value
        else:
            controls |= {f"propertyValue[{number}][{place}]": each for place, each in enumerate(value)}
    return controls


def select(names: Sequence[str], kind: str, *conditions: str) -> str:
    """A query of names that the options checked, and of literals."""
    return f"SELECT {', '.join(names)} FROM {kind} WHERE {' AND '.join(conditions)}"  # noqa: S608


def literal(text: str) -> str:
    """CMIS 1.1, 2.1.14: a character string, in which quote and backslash are escaped."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def exception_of(answer: Answer) -> str:
    """Which exception of CMIS an answer names; "" where it names none."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return ""
    return str(found.get("exception", "")) if isinstance(found, dict) else ""
