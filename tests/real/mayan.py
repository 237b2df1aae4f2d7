"""A Mayan EDMS on this machine, prepared as docs/adapters.md tells its administrator."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import httpx

from tests.adapters_document import block
from tests.real.software import free_port, given, programs, running, wait_until

PASSWORD = "mat-khau-cua-mayan"  # of a server that lives as long as the tests
USER = f"""
from django.contrib.auth import get_user_model
user = get_user_model().objects.get(username="admin")
user.set_password("{PASSWORD}")
user.save()
"""
QUEUES = """
import django
django.setup()
from mayan.apps.task_manager.classes import CeleryQueue
print(",".join(queue.name for queue in CeleryQueue.all()))
"""


class Installation:
    """Mayan as its administrator and its clerks use it: over its API."""

    def __init__(self, server: httpx.URL) -> None:
        user, password = server.username or "admin", server.password or PASSWORD
        self.url = str(server.copy_with(username=None, password=None)).rstrip("/")
        login = {"username": user, "password": password}
        json = {"Accept": "application/json"}
        answer = httpx.post(f"{self.url}/api/v4/auth/token/obtain/", json=login, headers=json, timeout=60)
        self.token = str(answer.raise_for_status().json()["token"])
        headers = {**json, "Authorization": f"Token {self.token}"}
        self._http = httpx.Client(headers=headers, timeout=120)
        if not self.all("document_types", label="Văn bản đến"):
            environment = {**os.environ, "MAYAN": self.url, "TOKEN": self.token}
            subprocess.run(["bash", "-eu", "-c", block("Mayan", "sh")], env=environment, check=True)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def call(self, method: str, path: str, document: object = None, **more: object) -> httpx.Response:
        """One call; raises where it does not succeed, but for SQLite that was busy, twice."""
        for _ in range(3):
            answer = self._http.request(method, f"{self.url}/api/v4/{path}", json=document, **more)  # type: ignore[arg-type]
            if answer.status_code != 500:
                break
        return answer.raise_for_status()

    def all(self, path: str, **wanted: object) -> list[dict[str, object]]:
        """All of a kind that have these values."""
        found: list[dict[str, object]] = self.call("GET", f"{path}/?page_size=100").json()["results"]
        return [each for each in found if all(each.get(name) == value for name, value in wanted.items())]

    def empty(self) -> None:
        """Throw all documents away, for good."""
        wait_until(self._emptied, 60, "documents are not thrown away")

    def _emptied(self) -> bool:
        for kind in ("documents", "trashed_documents"):
            for each in self.all(kind):
                # 500 where SQLite is busy: Mayan's own word is that it is for trying out only.
                self._http.delete(f"{self.url}/api/v4/{kind}/{each['id']}/")
        return not self.all("documents") and not self.all("trashed_documents")

    def move(self, document: object, transition: str, comment: str = "") -> None:
        """A clerk brings a document on in its workflow."""
        [instance] = self.all(f"documents/{document}/workflow_instances")
        log = f"documents/{document}/workflow_instances/{instance['id']}/log_entries"
        [found] = self.all(f"{log}/transitions", label=transition)
        self.call("POST", f"{log}/", {"transition_id": found["id"], "comment": comment})

    def state(self, document: object) -> tuple[str, str]:
        """Where it is in its workflow, and the comment that it came there with."""
        [instance] = self.all(f"documents/{document}/workflow_instances")
        last = instance["last_log_entry"]
        return instance["current_state"]["label"], last["comment"]  # type: ignore[index]


@contextmanager
def mayan(folder: Path) -> Iterator[Installation]:
    """An installation that was given, or one that is started in ``folder`` with a Redis of its own."""
    if url := given("mayan"):
        with closing(Installation(httpx.URL(url))) as installation:
            yield installation
        return
    binaries, port, redis = programs("mayan", "mayan-edms.py"), free_port(), free_port()
    environment = {
        "MAYAN_MEDIA_ROOT": str(folder / "media"),
        "MAYAN_LOCK_MANAGER_BACKEND": "mayan.apps.lock_manager.backends.file_lock.FileLock",
        "MAYAN_CELERY_BROKER_URL": f"redis://127.0.0.1:{redis}/0",
        "MAYAN_CELERY_RESULT_BACKEND": f"redis://127.0.0.1:{redis}/1",
        "MAYAN_SETTINGS_MODULE": "mayan.settings.production",
        "DJANGO_SETTINGS_MODULE": "mayan.settings.production",
        "MAYAN_REST_API_THROTTLING_ENABLED": "false",
        "MAYAN_ALLOWED_HOSTS": '["127.0.0.1"]',
    }
    program, python = binaries / "mayan-edms.py", binaries / "python"
    with ExitStack() as started:
        server = ["redis-server", "--port", str(redis), "--bind", "127.0.0.1", "--save", ""]
        started.enter_context(running(server, folder / "redis.log"))
        for number, arguments in enumerate((["common_initial_setup"], ["shell", "-c", USER])):
            with running([program, *arguments], folder / f"make{number}.log", environment) as made:
                made.wait(300)
        asking = [str(python), "-W", "ignore", "-c", QUEUES]
        asked = subprocess.run(asking, env={**os.environ, **environment}, capture_output=True, check=True)
        queues = asked.stdout.decode().split()[-1]
        worker = [
            binaries / "celery",
            "-A",
            "mayan",
            "worker",
            "-c",
            "1",
            f"--queues={queues}",
            "-l",
            "ERROR",
        ]
        started.enter_context(running(worker, folder / "worker.log", environment))
        web = [binaries / "gunicorn", "--bind", f"127.0.0.1:{port}", "--threads", "4", "mayan.wsgi"]
        started.enter_context(running(web, folder / "web.log", environment))
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: _answers(url), 90, f"{url} does not answer")
        with closing(Installation(httpx.URL(url))) as installation:
            yield installation


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code < 500
    except httpx.TransportError:
        return False
