"""A Plone site on this machine, prepared as docs/adapters.md tells its administrator."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

import httpx

from tests.adapters_document import block
from tests.real.software import free_port, given, programs, running, wait_until

PASSWORD = "mat-khau-cua-plone"  # of a server that lives as long as the tests


class Site:
    """A site as its administrator and its clerks use it: over REST."""

    def __init__(self, server: httpx.URL) -> None:
        self.user, self.password = server.username or "admin", server.password or PASSWORD
        name = f"vb{uuid4().hex[:8]}"
        self.url = str(server.copy_with(username=None, password=None, path=f"/{name}"))
        self._http = httpx.Client(
            auth=(self.user, self.password), headers={"Accept": "application/json"}, timeout=120
        )
        root = self.url.removesuffix(f"/{name}")
        site = {"site_id": name, "title": "Văn thư", "default_language": "vi"}
        self._http.post(f"{root}/@sites/classic", json=site).raise_for_status()
        self._prepare()

    def _prepare(self) -> None:
        environment = {**os.environ, "PLONE": self.url, "LOGIN": f"{self.user}:{self.password}"}
        script = block("Plone", "sh")
        subprocess.run(["bash", "-eu", "-c", script], env=environment, check=True)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def call(self, method: str, path: str, document: object = None) -> httpx.Response:
        """One call; raises where it does not succeed."""
        answer = self._http.request(method, self.url + path, json=document)
        answer.raise_for_status()
        return answer

    def empty(self) -> None:
        """Both folders, with nothing in them."""
        for name in ("van-ban-den", "van-ban-di"):
            if self._http.get(f"{self.url}/{name}").status_code == 200:
                self.call("DELETE", f"/{name}")
            self.call("POST", "", {"@type": "Folder", "id": name, "title": name})

    def found(self, **query: str) -> list[dict[str, object]]:
        """The hits of a search."""
        answer = self._http.get(f"{self.url}/@search", params={**query, "b_size": "1000"})
        found: list[dict[str, object]] = answer.json()["items"]
        return found

    def download(self, path: str) -> bytes | None:
        """The bytes of a file; None where there is none."""
        answer = self._http.get(f"{self.url}{path}/@@download/file", headers={"Accept": "*/*"})
        return answer.content if answer.status_code == 200 else None

    def path(self, hit: dict[str, object]) -> str:
        """Of a hit, in the site."""
        return str(hit["@id"]).removeprefix(self.url)


@contextmanager
def plone(folder: Path) -> Iterator[Site]:
    """A site of a server that was given, or of one that is started in ``folder``."""
    if url := given("plone"):
        with closing(Site(httpx.URL(url))) as site:
            yield site
        return
    binaries, port = programs("plone", "runwsgi"), free_port()
    with running(
        [binaries / "mkwsgiinstance", "-d", folder / "zope", "-u", f"admin:{PASSWORD}"], folder / "make"
    ) as made:
        made.wait(60)
    configuration = folder / "zope" / "etc" / "zope.conf"
    text = configuration.read_text()
    path = "path $INSTANCE/var/Data.fs"
    # Without it every file that is uploaded is answered with 500.
    configuration.write_text(text.replace(path, f"{path}\n     blob-dir $INSTANCE/var/blobstorage"))
    server = folder / "zope" / "etc" / "zope.ini"
    server.write_text(server.read_text().replace("port = 8080", f"port = {port}"))
    with running([binaries / "runwsgi", server], folder / "log"):
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: _answers(url), 60, f"{url} does not answer")
        with closing(Site(httpx.URL(url))) as site:
            yield site


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code < 500
    except httpx.TransportError:
        return False
