"""OpenSSH, Samba and WsgiDAV as processes on 127.0.0.1, with settings and keys that the tests make."""

import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.processes import ROOT, free_port, until

PASSWORD = "mat-khau-cua-van-thu"  # Samba's tools take it from a terminal's encoding
USER = getpass.getuser()


def found(program: str, package: str) -> str:
    """The program's path. Where it is missing the tests are left out, but not in CI."""
    path = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/lib/openssh")
    if path is None:
        message = f"{program} is missing: apt-get install {package}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return path


@dataclass
class Server:
    """A process with its children, which can be killed and started again on the same port."""

    command: list[str]
    log: Path
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(self._listens, 20, f"{self.command[0]} listens\n{self.log.read_text(errors='replace')}")

    def kill(self) -> None:
        """As a power cut would: the process and all that it started."""
        if self.process is None:
            return
        for pid in (self.process.pid, *_descendants(self.process.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.process = None
        time.sleep(0.05)

    def _listens(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False


def _descendants(parent: int) -> list[int]:
    """Of a process, as the system tells: servers put each connection into a session of its own."""
    children = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(status.read_text().rpartition(")")[2].split()[1]) == parent:
                children.append(int(status.parent.name))
    return children + [each for child in children for each in _descendants(child)]


def sshd(folder: Path, *sftp_flags: str) -> Server:
    """OpenSSH: lets whoever runs the test in by the key ``folder/key``, and shows ``folder/host.pub``."""
    program, port = found("sshd", "openssh-server"), free_port()
    for name in ("key", "host"):
        if not (folder / name).exists():
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
            subprocess.run(command, check=True)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # as its service does: OpenSSH asks for it
    settings = folder / "sshd_config"
    settings.write_text(
        f"""Port {port}
ListenAddress 127.0.0.1
HostKey {folder / "host"}
AuthorizedKeysFile {folder / "key.pub"}
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
MaxStartups 100
PidFile none
Subsystem sftp internal-sftp {" ".join(sftp_flags)}
"""
    )
    return Server([program, "-D", "-e", "-f", str(settings)], folder / "sshd.log", port)


def samba(folder: Path, shared: Path) -> Server:
    """Samba with the shares ``agency`` and ``readonly`` of the folder ``shared``; encryption is required."""
    program, port = found("smbd", "samba"), free_port()
    if os.geteuid() != 0:
        pytest.skip("Samba runs as root only")
    state = folder / "state"
    state.mkdir(exist_ok=True)
    settings = folder / "smb.conf"
    kinds = (
        "private dir",
        "lock directory",
        "state directory",
        "cache directory",
        "pid directory",
        "ncalrpc dir",
    )
    folders = "\n".join(f"  {kind} = {state}" for kind in kinds)
    settings.write_text(
        f"""[global]
{folders}
  server role = standalone server
  smb ports = {port}
  interfaces = 127.0.0.1/8
  bind interfaces only = yes
  disable netbios = yes
  load printers = no
  disable spoolss = yes
  passdb backend = tdbsam:{state}/passdb.tdb
  map to guest = never
  server smb encrypt = required
  log file = {folder}/smbd.log
[agency]
  path = {shared}
  read only = no
[readonly]
  path = {shared}
  read only = yes
"""
    )
    tell = f"{PASSWORD}\n{PASSWORD}\n".encode()
    added = [found("smbpasswd", "samba-common-bin"), "-c", str(settings), "-L", "-a", "-s", USER]
    subprocess.run(added, input=tell, check=True, capture_output=True)
    command = [program, "--foreground", "--no-process-group", f"--configfile={settings}"]
    return Server(command, folder / "smbd.out", port)


def wsgidav(folder: Path, shared: Path, *, readonly: bool = False) -> Server:
    """WsgiDAV under cheroot in a process of its own."""
    port = free_port()
    settings = folder / "wsgidav.json"
    settings.write_text(
        f"""{{"host": "127.0.0.1", "port": {port}, "server": "cheroot", "verbose": 1,
"provider_mapping": {{"/": {{"root": "{shared}", "readonly": {str(readonly).lower()}}}}},
"http_authenticator": {{"accept_digest": false, "default_to_digest": false}},
"simple_dc": {{"user_mapping": {{"*": {{"{USER}": {{"password": "{PASSWORD}"}}}}}}}},
"dir_browser": {{"enable": false}}}}"""
    )
    command = [sys.executable, "-m", "wsgidav.server.server_cli", "--config", str(settings)]
    return Server(command, folder / "wsgidav.log", port)
