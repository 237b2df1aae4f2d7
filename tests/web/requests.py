"""Requests to pages without a browser: redirects are not followed."""

import http.client
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from tests.web.browser import Site


@dataclass(frozen=True)
class Answer:
    """``headers`` by lower-case name; ``cookies`` as they were set."""

    status: int
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    text: str
    content: bytes = b""


def ask(
    site: Site,
    method: str,
    path: str,
    role: str = "",
    *,
    form: Mapping[str, str] | None = None,
    cookies: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Answer:
    """One request, as somebody of this role, or with these cookies."""
    kept = ({"session": site.cookies[role]} if role else {}) | dict(cookies or {})
    sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in kept.items()), **(headers or {})}
    if form is not None:
        body = urlencode(form).encode()
        sent["Content-Type"] = "application/x-www-form-urlencoded"
    connection = http.client.HTTPConnection("127.0.0.1", site.running.port, timeout=20)
    try:
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    set_cookies = [value for name, value in answer.getheaders() if name.lower() == "set-cookie"]
    return Answer(
        answer.status,
        {name.lower(): value for name, value in answer.getheaders()},
        {each.split("=")[0]: each for each in set_cookies},
        content.decode("utf-8", "replace"),
        content,
    )


def send(site: Site, path: str, role: str, /, **form: str) -> Answer:
    """Send a form of this page as a browser would: with the token that the page carries."""
    return ask(site, "POST", path, role, form={"csrf": token_of(site, role), **form})


def token_of(site: Site, role: str) -> str:
    """The token that forms of this person carry."""
    found = re.search(r'name="csrf" value="([^"]+)"', ask(site, "GET", "/web/account", role).text)
    assert found
    return found[1]
