"""SFTP: documents are exchanged as files, in folders of an SSH server.

``options["path"]`` has what comes to the agency, ``options["outgoing"]`` what it sends; a path that does
not begin with ``/`` is one below the user's home. What lies where under which name, and what each thing
that is found means: the table in ``exchange.software.drop_folder``. Beside it:

==============================================  =====================================================
what the server says                            verdict
==============================================  =====================================================
another host key than ``host_key``              ``Retry``: nothing was said to it, no password either
user, password or key not accepted              ``Retry``: to be mended
permission denied, failure (a full disk too),   ``Retry``
quota exceeded, anything else
reset, closed, silent, no SSH                   ``Retry``; the next call opens a new connection
==============================================  =====================================================

Standards: RFC 4253 (SSH), draft-ietf-secsh-filexfer-02 (SFTP 3, which OpenSSH speaks). Files are synced to
disk where the server knows ``fsync@openssh.com``; folders cannot be, so what a server that loses its power
forgets of the last seconds is its file system's matter. SFTP 3 tells time in seconds: a file replaced by
another of the same size and time is not told apart from it.
"""

import asyncio
import time
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import contextmanager, suppress
from threading import Lock, Thread
from typing import Any, TypeVar

import asyncssh
from asyncssh import FILEXFER_TYPE_REGULAR, SFTPAttrs
from pydantic import Field, NonNegativeFloat, field_validator, model_validator

from exchange.secret import SecretSource, secret
from exchange.software.drop_folder import DropFolder, DropOptions, Entry, Files
from exchange.software.lines import Lines

T = TypeVar("T")

asyncssh.set_log_level("WARNING")  # or it tells of every connection

_ABSENT = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)


class SftpOptions(DropOptions):
    """The server, who we are there, how it is recognised, and the folders."""

    host: str = Field(min_length=1)
    port: int = Field(default=22, ge=1, le=65535)
    user: str = Field(min_length=1)
    password: SecretSource | None = None
    private_key: SecretSource | None = None  # OpenSSH or PEM, without a passphrase
    host_key: str  # as in known_hosts: "ssh-ed25519 AAAA…"; several lines while it is being replaced
    path: str = Field(min_length=1)
    outgoing: str | None = Field(default=None, min_length=1)
    quiet_seconds: NonNegativeFloat = 10.0
    connections: int = Field(default=4, ge=1, le=10)  # kept open, and used at the same time

    @field_validator("host_key")
    @classmethod
    def _is_of_keys(cls, text: str) -> str:
        lines = [line for line in text.splitlines() if line.strip()]
        try:
            keys = [asyncssh.import_public_key(line) for line in lines]
        except asyncssh.KeyImportError:
            keys = []
        if not keys:
            raise ValueError("must be the server's public key, as ssh-keyscan prints it after the name")
        return text

    @model_validator(mode="after")
    def _can_sign_in(self) -> "SftpOptions":
        if self.password is None and self.private_key is None:
            raise ValueError("one of the options 'password' and 'private_key' is needed")
        return self

    def connection(self) -> dict[str, Any]:
        """What asyncssh is told: nothing of the user's own SSH configuration, agent or keys is used."""
        keys = [asyncssh.import_public_key(line) for line in self.host_key.splitlines() if line.strip()]
        return {
            "host": self.host,
            "port": self.port,
            "username": self.user,
            "password": secret("password", self.password) if self.password else None,
            "client_keys": [_private_key(self.private_key)] if self.private_key else None,
            "known_hosts": (keys, [], []),
            "config": None,
            "agent_path": None,
            "gss_host": None,
            "compression_algs": None,
        }


def _private_key(source: SecretSource) -> asyncssh.SSHKey:
    text = secret("private_key", source)
    try:
        return asyncssh.import_private_key(f"{text}\n")
    except (asyncssh.KeyImportError, ValueError):
        pass
    # Outside of "except": the error would carry what it could not read.
    raise ValueError("option 'private_key': is no private key, or has a passphrase")


class Adapter(DropFolder):
    """Folders of an SSH server, over connections that are kept."""

    def __init__(self, options: Mapping[str, object], timeout_seconds: float) -> None:
        read = SftpOptions.read(options)
        incoming, outgoing = read.path.rstrip("/") or "/", read.outgoing
        super().__init__(options, timeout_seconds, read, incoming=incoming, outgoing=outgoing)
        self._peer = f"{read.host}:{read.port}"
        self._connection = _Told(read.connection())
        self._loop = _Loop()
        self._lines = Lines(self._dial, read.connections)

    def close(self) -> None:
        """Close the kept connections, and end the thread that serves them."""
        self._lines.close()
        self._loop.close()

    @contextmanager
    def _files(self) -> Iterator[Files]:
        deadline = time.monotonic() + self.timeout_seconds
        try:
            with self._lines.take(deadline) as line:
                yield _Remote(line, self._loop, deadline)
        except TimeoutError as error:
            words = str(error) or f"no answer within {self.timeout_seconds:g} s"
            raise TimeoutError(f"{self._peer}: {words}") from None

    def _dial(self, deadline: float) -> "_Line":
        return self._loop.run(_dialled(self._connection.options, self._peer), deadline)


class _Told:
    """What a connection is made with; whoever prints it does not see the password."""

    __slots__ = ("options",)

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.options = options


class _Line:
    """``Line``: one SSH connection with one SFTP session."""

    def __init__(self, connection: asyncssh.SSHClientConnection, sftp: asyncssh.SFTPClient) -> None:
        self.connection, self.sftp = connection, sftp
        self._loop = asyncio.get_running_loop()

    def is_open(self) -> bool:
        return not self.connection.is_closed()

    def close(self) -> None:
        with suppress(RuntimeError):  # the loop has ended, and every connection with it
            self._loop.call_soon_threadsafe(self.connection.abort)


async def _dialled(options: Mapping[str, Any], peer: str) -> _Line:
    try:
        connection = await asyncssh.connect(**options)
    except (OSError, asyncssh.Error, ValueError) as error:
        raise _failure(error, peer) from None
    try:
        return _Line(connection, await connection.start_sftp_client())
    except (OSError, asyncssh.Error) as error:
        connection.abort()
        raise _failure(error, peer) from None
    except asyncio.CancelledError:
        connection.abort()
        raise


def _failure(error: Exception, peer: str) -> OSError:
    words = getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error)
    return OSError(f"{peer}: {type(error).__name__}: {words}")


class _Loop:
    """The event loop that asyncssh runs in: one thread for an adapter, from its first call on."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None

    def run(self, work: Coroutine[Any, Any, T], deadline: float) -> T:
        """What ``work`` returns or raises; at the moment ``deadline`` it is cancelled: ``TimeoutError``."""
        future = asyncio.run_coroutine_threadsafe(work, self._running())
        try:
            return future.result(max(0.0, deadline - time.monotonic()))
        except FutureTimeoutError:
            future.cancel()
            raise TimeoutError from None

    def close(self) -> None:
        """End the thread; connections that are open are dropped."""
        with self._lock:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(_ended(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = Thread(target=self._loop.run_forever, name="sftp", daemon=True)
                self._thread.start()
            return self._loop


async def _ended() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


class _Remote:
    """``Files`` over one line, until the deadline."""

    def __init__(self, line: _Line, loop: _Loop, deadline: float) -> None:
        self._line, self._loop, self._deadline = line, loop, deadline

    def greeting(self, folder: str) -> str:
        self._run(_listable(self._line.sftp, folder))
        version = self._line.connection.get_extra_info("server_version", "")
        return version if isinstance(version, str) else version.decode("ascii", "replace")

    def entries(self, folder: str) -> list[Entry]:
        return self._run(_entries(self._line.sftp, folder))

    def entry(self, path: str) -> Entry:
        attributes = self._run(self._line.sftp.lstat(path))
        return _entry(path.rpartition("/")[2], attributes)

    def read(self, path: str, bytes_max: int) -> bytes:
        return self._run(_read(self._line.sftp, path, bytes_max))

    def write(self, path: str, content: bytes) -> None:
        self._run(_write(self._line.sftp, path, content))

    def rename(self, source: str, target: str) -> None:
        self._run(_rename(self._line.sftp, source, target))

    def remove(self, path: str) -> None:
        self._run(self._line.sftp.remove(path))

    def make_folder(self, path: str) -> None:
        self._run(_make_folder(self._line.sftp, path))

    def sync(self, folder: str) -> None:  # noqa: ARG002  # no request says it
        return

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            return self._loop.run(work, self._deadline)
        except _ABSENT as error:
            raise FileNotFoundError(error.reason) from None
        except asyncssh.SFTPFileAlreadyExists as error:
            raise FileExistsError(error.reason) from None
        except asyncssh.Error as error:
            raise OSError(f"{type(error).__name__}: {error.reason}") from None


async def _listable(sftp: asyncssh.SFTPClient, folder: str) -> None:
    if not await sftp.isdir(folder):
        raise FileNotFoundError(f"there is no folder {folder}")


async def _entries(sftp: asyncssh.SFTPClient, folder: str) -> list[Entry]:
    found = []
    # Bytes in, bytes out: one name that is not UTF-8 must not hide the others.
    async for name in sftp.scandir(folder.encode()):
        assert isinstance(name.filename, bytes)
        with suppress(UnicodeDecodeError):
            if name.attrs.type == FILEXFER_TYPE_REGULAR:
                found.append(_entry(name.filename.decode(), name.attrs))
    return found


def _entry(name: str, attributes: SFTPAttrs) -> Entry:
    size, changed_at = attributes.size or 0, attributes.mtime or 0
    return Entry(name, size, changed_at, f"{size}.{changed_at}.{attributes.mtime_ns or 0}")


async def _read(sftp: asyncssh.SFTPClient, path: str, bytes_max: int) -> bytes:
    file = await sftp.open(path, "rb")
    try:
        content: bytes = await file.read(bytes_max + 1)
    finally:
        await file.close()
    return content


async def _write(sftp: asyncssh.SFTPClient, path: str, content: bytes) -> None:
    async with await sftp.open(path, "xb") as file:
        await file.write(content)
        with suppress(asyncssh.SFTPOpUnsupported):
            await file.fsync()


async def _rename(sftp: asyncssh.SFTPClient, source: str, target: str) -> None:
    """SFTP 3 renames onto nothing that is there; its servers say "failure" then, as to all else."""
    try:
        await sftp.rename(source, target)
    except asyncssh.SFTPFailure:
        if await sftp.lexists(target):
            raise FileExistsError(target) from None
        raise


async def _make_folder(sftp: asyncssh.SFTPClient, path: str) -> None:
    try:
        await sftp.mkdir(path)
    except (asyncssh.SFTPFailure, asyncssh.SFTPFileAlreadyExists):
        if not await sftp.isdir(path):
            raise
