"""postfix and dovecot as processes on 127.0.0.1: what the one takes it hands to the other by LMTP."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from string import Template

import pytest

from tests.adapters.peers import Identity, identity
from tests.real.file_servers import found
from tests.real.software import free_port, running, wait_until

PASSWORD = "mat-khau-cua-truc"
OURS, THEIRS, FULL, STRANGER = (
    "truc@phuyen.example",
    "vanthu@xa-1.example",
    "day@xa-1.example",
    "la@khac.example",
)
ADDRESSES = (OURS, THEIRS, FULL, STRANGER)


DOVECOT = """base_dir = $folder/run
state_dir = $folder/state
log_path = $folder/dovecot-own.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <$folder/peer.pem
ssl_key = <$folder/peer.key
auth_mechanisms = plain login
disable_plaintext_auth = no
auth_failure_delay = 0
shutdown_clients = yes
mail_location = maildir:$folder/mail/%u
mail_uid = nobody
mail_gid = nogroup
first_valid_uid = 1
first_valid_gid = 1
mail_plugins = quota
mail_max_userip_connections = 100
quota_full_tempfail = no
passdb {
  driver = passwd-file
  args = $folder/users
}
userdb {
  driver = passwd-file
  args = $folder/users
  default_fields = uid=nobody gid=nogroup home=$folder/mail/%u
}
namespace inbox {
  inbox = yes
}
plugin {
  quota = maildir:User quota
}
service imap-login {
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    address = 127.0.0.1
    port = $imap_port
    ssl = yes
  }
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = $lmtp_port
  }
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service auth {
  unix_listener auth {
    mode = 0666
  }
}
"""

POSTFIX = """compatibility_level = 3.6
queue_directory = $folder/queue
data_directory = $folder/data
mail_owner = postfix
myhostname = mx.phuyen.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
alias_maps =
alias_database =
maillog_file = $folder/postfix-own.log
maillog_file_prefixes = $folder
virtual_mailbox_domains = $domains
virtual_mailbox_maps = inline:{ $boxes }
virtual_transport = lmtp:inet:127.0.0.1:$lmtp_port
message_size_limit = 60000000
mailbox_size_limit = 0
virtual_mailbox_limit = 0
smtpd_client_connection_count_limit = 0
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = $folder/run/auth
smtpd_tls_security_level = encrypt
smtpd_tls_chain_files = $folder/peer.key, $folder/peer.pem
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = reject_unlisted_recipient, permit
"""

SERVICES = """127.0.0.1:$smtp_port inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
tlsmgr unix - - n 1000? 1 tlsmgr
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
showq unix n - n - - showq
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True)
class MailServers:
    """Where they listen, and what lies in their mailboxes."""

    smtp_port: int
    imap_port: int
    lmtp_port: int
    identity: Identity
    folder: Path
    settings: Path

    def mails(self, address: str, folder: str = "INBOX") -> list[Message]:
        """Once everything that was taken has arrived."""
        self.settle()
        return [message_from_bytes(path.read_bytes()) for path in self.files(address, folder)]

    def files(self, address: str, folder: str = "INBOX") -> list[Path]:
        """In the Maildir of this address."""
        box = self.folder / "mail" / address / ("" if folder == "INBOX" else f".{folder}")
        return sorted(path for part in ("new", "cur") for path in (box / part).glob("*"))

    def settle(self) -> None:
        """Wait until postfix has nothing left to hand on."""
        command = [found("postqueue", "postfix"), "-c", str(self.settings), "-p"]
        wait_until(lambda: b"is empty" in subprocess.check_output(command), 30, "empty")

    def empty(self) -> None:
        """Every mailbox, as it was at the start."""
        self.settle()
        for address in ADDRESSES:
            shutil.rmtree(self.folder / "mail" / address, ignore_errors=True)


@contextmanager
def mail_servers() -> Iterator[MailServers]:
    """Both, with mailboxes for ``ADDRESSES`` that all have the one password; FULL has room for nothing."""
    dovecot, postfix = found("dovecot", "dovecot-imapd dovecot-lmtpd"), found("postfix", "postfix")
    if os.geteuid() != 0:
        pytest.skip("postfix runs as root only")
    folder = Path(tempfile.mkdtemp(prefix="mail-"))
    folder.chmod(0o755)  # they give up being root
    try:
        servers = MailServers(
            free_port(), free_port(), free_port(), identity(folder), folder, folder / "postfix"
        )
        with running([dovecot, "-F", "-c", _dovecot(servers)], folder / "dovecot.log"):
            wait_until((folder / "run" / "auth").exists, 20, "dovecot is there")
            command = [postfix, "-c", _postfix(servers), "start-fg"]
            with running(command, folder / "postfix.log"):
                wait_until(lambda: _listens(servers.smtp_port), 20, "postfix is there")
                yield servers
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _dovecot(servers: MailServers) -> Path:
    folder = servers.folder
    for name in ("run", "state", "mail"):
        (folder / name).mkdir()
    shutil.chown(folder / "mail", "nobody")
    users = [
        f"{each}:{{PLAIN}}{PASSWORD}::::::userdb_quota_rule=*:bytes={1 if each == FULL else 10**9}"
        for each in ADDRESSES
    ]
    (folder / "users").write_text("\n".join(users) + "\n")
    settings = folder / "dovecot.conf"
    settings.write_text(_filled(DOVECOT, servers))
    return settings


def _postfix(servers: MailServers) -> Path:
    folder, settings = servers.folder, servers.settings
    for name in ("postfix", "queue", "data"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    boxes = " ".join(f"{{{each} = ok}}" for each in ADDRESSES)
    domains = " ".join(sorted({each.partition("@")[2] for each in ADDRESSES}))
    (settings / "main.cf").write_text(_filled(POSTFIX, servers, boxes=boxes, domains=domains))
    (settings / "master.cf").write_text(_filled(SERVICES, servers))
    return settings


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def _filled(settings: str, servers: MailServers, **more: str) -> str:
    ports = {"smtp_port": servers.smtp_port, "imap_port": servers.imap_port, "lmtp_port": servers.lmtp_port}
    return Template(settings).substitute(ports, folder=servers.folder, **more)
