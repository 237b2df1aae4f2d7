r"""SMB: documents are exchanged as files, in folders of a share of a Windows or Samba server.

``options["path"]`` has what comes to the agency, ``options["outgoing"]`` what it sends, as folders of the
share (``den/vanban`` or ``den\vanban``). What lies where under which name, and what each thing that is found
means: the table in ``exchange.software.drop_folder``. Beside it:

==============================================  =====================================================
what the server says                            verdict
==============================================  =====================================================
user or password not accepted, no such share    ``Retry``: to be mended
a server that cannot encrypt                    ``Retry``; nothing goes over, unless ``encrypt`` is false
somebody has the file open (sharing violation)  ``Retry``; an outgoing file is left for the next look
access denied, disk full, anything else         ``Retry``
reset, closed, silent, no SMB 2 or 3            ``Retry``; the next call opens a new connection
==============================================  =====================================================

Standard: MS-SMB2. Every message is signed, also where it is not encrypted; guests are not let in by us.
Files are flushed before they count. Referrals to other servers (MS-DFSC) are not followed: they would be
told the password. The address of the server that a referral names is the one to give.
"""

import logging
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from threading import Timer
from typing import Any
from uuid import uuid4

from pydantic import Field, NonNegativeFloat, field_validator
from smbprotocol.connection import Connection
from smbprotocol.exceptions import (
    NoMoreFiles,
    NoSuchFile,
    ObjectNameCollision,
    ObjectNameNotFound,
    ObjectPathNotFound,
)
from smbprotocol.file_info import FileInformationClass, FileRenameInformation
from smbprotocol.open import (
    CreateDisposition,
    CreateOptions,
    DirectoryAccessMask,
    FileAttributes,
    FilePipePrinterAccessMask,
    ImpersonationLevel,
    Open,
    QueryDirectoryFlags,
    ShareAccess,
    SMB2SetInfoRequest,
)
from smbprotocol.session import Session
from smbprotocol.transport import Tcp
from smbprotocol.tree import TreeConnect

from exchange.secret import SecretSource, secret
from exchange.software.drop_folder import DropFolder, DropOptions, Entry, Files
from exchange.software.lines import Lines

logging.getLogger("smbprotocol").setLevel(logging.CRITICAL)  # or each broken connection is a traceback

CREDIT_BYTES = 65536  # MS-SMB2 3.2.4.1.5: what one credit pays for
CREDITS = 32  # asked for with every read and write: what the next one may cost
READ = FilePipePrinterAccessMask.FILE_READ_DATA | FilePipePrinterAccessMask.FILE_READ_ATTRIBUTES
WRITE = FilePipePrinterAccessMask.FILE_WRITE_DATA | FilePipePrinterAccessMask.FILE_WRITE_ATTRIBUTES
EVERYBODY = ShareAccess.FILE_SHARE_READ | ShareAccess.FILE_SHARE_WRITE | ShareAccess.FILE_SHARE_DELETE
NO_WRITER = ShareAccess.FILE_SHARE_READ | ShareAccess.FILE_SHARE_DELETE
NO_FILE = FileAttributes.FILE_ATTRIBUTE_DIRECTORY | FileAttributes.FILE_ATTRIBUTE_REPARSE_POINT


class SmbOptions(DropOptions):
    """The share, who we are there, and the folders."""

    host: str = Field(min_length=1)
    port: int = Field(default=445, ge=1, le=65535)
    share: str = Field(pattern=r"^[^\\/]+$")
    user: str = Field(min_length=1)  # DOMAIN\name where there is a domain
    password: SecretSource
    encrypt: bool = True  # false: SMB 2 servers too; messages are signed all the same
    path: str = ""  # the share itself
    outgoing: str | None = Field(default=None, min_length=1)
    quiet_seconds: NonNegativeFloat = 10.0
    connections: int = Field(default=4, ge=1, le=10)  # kept open, and used at the same time

    @field_validator("path", "outgoing")
    @classmethod
    def _is_plain(cls, path: str | None) -> str | None:
        plain = path.replace("\\", "/").strip("/") if path else path
        if plain and ".." in plain.split("/"):
            raise ValueError("must lead down from the share")
        return plain


class Adapter(DropFolder):
    """Folders of a share, over connections that are kept."""

    def __init__(self, options: Mapping[str, object], timeout_seconds: float) -> None:
        read = SmbOptions.read(options)
        super().__init__(options, timeout_seconds, read, incoming=read.path, outgoing=read.outgoing)
        self._peer = f"{read.host}:{read.port}"
        self._door = _Door(read, secret("password", read.password))
        self._lines = Lines(self._door.dial, read.connections)

    def close(self) -> None:
        """Close the kept connections."""
        self._lines.close()

    @contextmanager
    def _files(self) -> Iterator[Files]:
        deadline = time.monotonic() + self.timeout_seconds
        try:
            with self._lines.take(deadline) as line, _cut_at(deadline, line.close):
                yield _Share(line)
        except (FileNotFoundError, FileExistsError):
            raise
        except OSError as error:
            if time.monotonic() >= deadline:
                raise TimeoutError(f"{self._peer}: {_late(error, self.timeout_seconds)}") from None
            raise OSError(f"{self._peer}: {error}") from None


def _late(error: OSError, timeout_seconds: float) -> str:
    return str(error) if isinstance(error, TimeoutError) else f"no answer within {timeout_seconds:g} s"


@contextmanager
def _cut_at(deadline: float, cut: Callable[[], None]) -> Iterator[None]:
    """``smbprotocol`` waits for answers for ever: at the deadline its socket is shut."""
    timer = Timer(max(0.0, deadline - time.monotonic()), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except (ObjectNameNotFound, ObjectPathNotFound, NoSuchFile) as error:
        raise FileNotFoundError(str(error)) from None
    except ObjectNameCollision as error:
        raise FileExistsError(str(error)) from None
    except OSError:
        raise
    # What a server that speaks no SMB sends ends in the library as whatever its parsing raises.
    except Exception as error:
        raise OSError(f"{type(error).__name__}: {error}") from None


class _Door:
    """What a connection is made with; whoever prints it does not see the password."""

    __slots__ = ("_options", "_password")

    def __init__(self, options: SmbOptions, password: str) -> None:
        self._options, self._password = options, password

    def dial(self, deadline: float) -> "_Line":
        """Connect and sign in."""
        options, line = self._options, _Line(self._options)
        with _cut_at(deadline, line.close):
            try:
                with _plain_errors():
                    line.connection.connect(timeout=max(0.01, deadline - time.monotonic()))
                    session = Session(
                        line.connection, options.user, self._password, require_encryption=options.encrypt
                    )
                    session.connect()
                    line.tree = TreeConnect(session, rf"\\{options.host}\{options.share}")
                    line.tree.connect()
            except FileNotFoundError as error:  # here it is the share: no answer about a file
                line.close()
                raise OSError(str(error)) from None
            except BaseException:
                line.close()
                raise
        return line


class _Tcp(Tcp):  # type: ignore[misc]  # smbprotocol is not annotated
    """The library's transport, for servers that may be anything."""

    def cut(self) -> None:
        """End it at once. The library's own close waits for the lock of whoever is sending."""
        if self._sock is not None:
            with suppress(OSError):
                self._sock.shutdown(socket.SHUT_RDWR)

    def _recv(self, length: int, timeout: float) -> Any:
        # The library sets aside whatever four bytes ask for; MS-SMB2 2.1 knows three bytes of length.
        if length > self.MAX_SIZE:
            raise ConnectionError("what came is no SMB message")
        return super()._recv(length, timeout)


class _Connection(Connection):  # type: ignore[misc]
    _transport: _Tcp | None = None

    @property
    def transport(self) -> _Tcp | None:
        return self._transport

    @transport.setter
    def transport(self, made: Tcp | None) -> None:
        self._transport = _Tcp(made.server, made.port, made.timeout) if made else None


class _Line:
    """``Line``: one connection with one session and one share."""

    tree: Any = None

    def __init__(self, options: SmbOptions) -> None:
        self.connection = _Connection(uuid4(), options.host, options.port, require_signing=True)

    def is_open(self) -> bool:
        return bool(self.connection.transport and self.connection.transport.connected)

    def close(self) -> None:
        if self.connection.transport:
            self.connection.transport.cut()


class _Share:
    """``Files`` over one line."""

    def __init__(self, line: _Line) -> None:
        self._line = line

    def greeting(self, folder: str) -> str:
        with self._opened(folder, DirectoryAccessMask.FILE_LIST_DIRECTORY, folder=True):
            digits = f"{self._line.connection.dialect:04x}"
        return f"SMB {int(digits[:2])}.{int(digits[2])}.{int(digits[3])}"

    def entries(self, folder: str) -> list[Entry]:
        found: list[Entry] = []
        with self._opened(folder, DirectoryAccessMask.FILE_LIST_DIRECTORY, folder=True) as opened:
            flags = QueryDirectoryFlags.SMB2_RESTART_SCANS
            with suppress(NoMoreFiles):
                while True:
                    kind = FileInformationClass.FILE_ID_BOTH_DIRECTORY_INFORMATION
                    listed = opened.query_directory("*", kind, flags=flags)
                    found += [_listed(each) for each in listed if not _attributes(each) & NO_FILE]
                    flags = 0
        return found

    def entry(self, path: str) -> Entry:
        with self._opened(path, FilePipePrinterAccessMask.FILE_READ_ATTRIBUTES) as opened:
            return _entry(path, opened.end_of_file, opened.last_write_time, opened.change_time)

    def read(self, path: str, bytes_max: int) -> bytes:
        content = bytearray()
        with self._opened(path, READ, share=NO_WRITER) as opened:
            size = min(opened.end_of_file, bytes_max + 1)
            while len(content) < size:
                most = self._payable(size - len(content), self._line.connection.max_read_size)
                content += self._sent(*opened.read(len(content), most, send=False))
        return bytes(content)

    def write(self, path: str, content: bytes) -> None:
        new = CreateDisposition.FILE_CREATE
        with self._opened(path, WRITE, share=0, disposition=new) as opened:
            written = 0
            while written < len(content):
                most = self._payable(len(content) - written, self._line.connection.max_write_size)
                part = content[written : written + most]
                written += self._sent(*opened.write(part, written, send=False))
            opened.flush()

    def rename(self, source: str, target: str) -> None:
        new = FileRenameInformation()
        new["replace_if_exists"] = False
        new["file_name"] = _name(target)
        with self._opened(source, FilePipePrinterAccessMask.DELETE) as opened:
            request = SMB2SetInfoRequest()
            request["info_type"], request["file_info_class"] = new.INFO_TYPE, new.INFO_CLASS
            request["file_id"], request["buffer"] = opened.file_id, new
            self._sent(request, self._line.connection.receive)

    def remove(self, path: str) -> None:
        gone = CreateOptions.FILE_DELETE_ON_CLOSE
        with self._opened(path, FilePipePrinterAccessMask.DELETE, options=gone):
            pass

    def make_folder(self, path: str) -> None:
        new = CreateDisposition.FILE_CREATE
        access = DirectoryAccessMask.FILE_LIST_DIRECTORY
        with suppress(FileExistsError), self._opened(path, access, disposition=new, folder=True):
            pass

    def sync(self, folder: str) -> None:  # noqa: ARG002  # a folder is not flushed by any request
        return

    @contextmanager
    def _opened(
        self,
        path: str,
        access: int,
        *,
        share: int = EVERYBODY,
        disposition: int = CreateDisposition.FILE_OPEN,
        options: int = 0,
        folder: bool = False,
    ) -> Iterator[Any]:
        kind = CreateOptions.FILE_DIRECTORY_FILE if folder else CreateOptions.FILE_NON_DIRECTORY_FILE
        attributes = (
            FileAttributes.FILE_ATTRIBUTE_DIRECTORY if folder else FileAttributes.FILE_ATTRIBUTE_NORMAL
        )
        with _plain_errors():
            opened = Open(self._line.tree, _name(path))
            impersonation = ImpersonationLevel.Impersonation
            opened.create(impersonation, access, attributes, share, disposition, options | kind)
            try:
                yield opened
            except BaseException:
                with suppress(Exception):  # the first failure is the one to tell
                    opened.close()
                raise
            opened.close()

    def _payable(self, length: int, most: int) -> int:
        """How many bytes the credits that are left pay for."""
        window = self._line.connection.sequence_window
        return int(min(length, most, max(1, window["high"] - window["low"]) * CREDIT_BYTES))

    def _sent(self, request: Any, receive: Callable[[Any], Any]) -> Any:
        tree = self._line.tree
        session = tree.session.session_id
        sent = self._line.connection.send(request, session, tree.tree_connect_id, credit_request=CREDITS)
        return receive(sent)


def _name(path: str) -> str:
    return path.strip("/").replace("/", "\\")


def _attributes(listed: Any) -> int:
    return int(listed["file_attributes"].get_value())


def _listed(listed: Any) -> Entry:
    name = listed["file_name"].get_value().decode("utf-16-le", "replace")
    size, written, changed = (
        listed[each].get_value() for each in ("end_of_file", "last_write_time", "change_time")
    )
    return _entry(name, size, written, changed)


def _entry(path: str, size: int, written: datetime, changed: datetime) -> Entry:
    mark = f"{size}.{written.isoformat()}.{changed.isoformat()}"
    return Entry(path.rpartition("/")[2], size, written.timestamp(), mark)
