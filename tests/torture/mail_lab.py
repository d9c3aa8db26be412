"""A real mail server on loopback: Postfix takes mails and keeps them in Maildirs, Dovecot lets the sender read his.

Nothing can leave it: it has no client that speaks to other servers, and refuses every domain but its own. It needs
root, for both programs give up rights that only root has.
"""

import os
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path

import pytest

from tests import services
from tests.builders_mail import HOST, free_port

DOMAIN = "lab.test"
SENDER, PASSWORD = f"sender@{DOMAIN}", "lab"
LATE = f"late@{DOMAIN}"
"""Whose mails are taken, and bounce then."""

MAIL_UID = 20_001

MAIN_CF = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/log/mail.log
maillog_file_prefixes = {folder}/log
inet_interfaces = {host}
inet_protocols = ipv4
mynetworks = {host}/32
myhostname = mx.{domain}
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = texthash:{folder}/postfix/mailboxes
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{uid}
virtual_transport = virtual
transport_maps = inline:{{ {late}=bounced: }}
default_transport = error:5.7.1 nothing leaves this server
relay_transport = error:5.7.1 nothing leaves this server
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = reject_unauth_destination, check_policy_service inet:{host}:{policy_port}
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 10000
smtpd_hard_error_limit = 10000
smtpd_client_connection_count_limit = 0
notify_classes =
"""

MASTER_CF = """
{host}:{smtp_port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
bounced unix - n n - - pipe user=nobody argv=/bin/sh -c {{echo 5.2.2 mailbox full; exit 69}}
pickup unix n - n 60 1 pickup
showq unix n - n - - showq
proxymap unix - - n - - proxymap
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""

DOVECOT_CONF = """
base_dir = {folder}/run
log_path = {folder}/log/dovecot.log
protocols = imap
listen = {host}
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1000
mail_location = maildir:{folder}/mail/{domain}/%n
service imap-login {{
  inet_listener imap {{
    port = {imap_port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={uid} home={folder}/mail/{domain}/%n
}}
"""

Policy = Callable[[str], str]
"""What Postfix answers to RCPT of an address: `DUNNO` (yes), or as `451 4.7.1 later`."""


class PolicyQuestion(socketserver.StreamRequestHandler):
    """Postfix's policy protocol: lines of `name=value`, an empty one, and an answer; many over one connection."""

    def handle(self) -> None:
        said: dict[str, str] = {}
        for line in self.rfile:
            name, _, value = line.decode().strip().partition("=")
            said[name] = value
            if not name:
                self.wfile.write(f"action={self.server.policy(said['recipient'])}\n\n".encode())


class PolicyServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    policy: Policy


@dataclass(frozen=True)
class MailLab:
    folder: Path
    smtp_port: int
    imap_port: int

    @property
    def mailbox(self) -> dict[str, object]:
        """Settings of the sender's mailbox."""
        return {"host": HOST, "port": self.imap_port, "security": "none", "user": "sender", "password": PASSWORD}

    def mails(self, person: str) -> list[str]:
        """The Message-IDs in the Maildir of an address."""
        folder = self.folder / "mail" / DOMAIN / person.partition("@")[0]
        files = [path for part in ("new", "cur") for path in (folder / part).glob("*")]
        return [str(message_from_bytes(path.read_bytes())["Message-ID"]) for path in files]

    def is_idle(self) -> bool:
        """Nothing is on its way to a Maildir."""
        queue = subprocess.run(
            ["postqueue", "-c", self.folder / "postfix", "-j"], capture_output=True, text=True, check=True
        )
        return not queue.stdout


@contextmanager
def mail_lab(people: list[str], policy: Policy = lambda _: "DUNNO") -> Iterator[MailLab]:
    """The server, with a mailbox for everybody and for the sender. Skips where it cannot run."""
    require_programs()
    folder = Path(tempfile.mkdtemp(prefix="planerka-mail-"))
    with PolicyServer((HOST, 0), PolicyQuestion) as policies:
        policies.policy = policy
        threading.Thread(target=policies.serve_forever, args=(0.05,), daemon=True).start()
        lab = MailLab(folder, free_port(), free_port())
        write_configuration(lab, [*people, SENDER, LATE], policies.server_address[1])
        try:
            start(lab)
            yield lab
        finally:
            stop(lab)
            policies.shutdown()
            shutil.rmtree(folder)


def require_programs() -> None:
    for program, package in (("postfix", "postfix"), ("dovecot", "dovecot-imapd")):
        if shutil.which(program) is None:
            services.missing(program, package)
    if os.geteuid() != 0:
        pytest.skip("Postfix and Dovecot are started by root only: run this as root")


def write_configuration(lab: MailLab, addresses: list[str], policy_port: int) -> None:
    folder = lab.folder
    folder.chmod(0o755)
    for name in ("postfix", "queue", "data", "log", "run", "mail"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    os.chown(folder / "mail", MAIL_UID, MAIL_UID)
    said = {
        "folder": folder,
        "host": HOST,
        "domain": DOMAIN,
        "late": LATE,
        "uid": MAIL_UID,
        "password": PASSWORD,
        "smtp_port": lab.smtp_port,
        "imap_port": lab.imap_port,
        "policy_port": policy_port,
    }
    (folder / "postfix" / "main.cf").write_text(MAIN_CF.format(**said))
    (folder / "postfix" / "master.cf").write_text(MASTER_CF.format(**said))
    (folder / "dovecot.conf").write_text(DOVECOT_CONF.format(**said))
    boxes = [f"{address} {DOMAIN}/{address.partition('@')[0]}/\n" for address in addresses]
    (folder / "postfix" / "mailboxes").write_text("".join(boxes))


def start(lab: MailLab) -> None:
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": True}
    subprocess.run(["postfix", "-c", lab.folder / "postfix", "start"], **silent)
    subprocess.run(["dovecot", "-c", lab.folder / "dovecot.conf"], **silent)
    for port in (lab.smtp_port, lab.imap_port):
        wait_until(lambda port=port: answers(port), f"port {port} answers")


def stop(lab: MailLab) -> None:
    for command in (
        ["postfix", "-c", lab.folder / "postfix", "stop"],
        ["doveadm", "-c", lab.folder / "dovecot.conf", "stop"],
    ):
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def answers(port: int) -> bool:
    with suppress(OSError):
        socket.create_connection((HOST, port), 1).close()
        return True
    return False


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Look twenty times a second; RuntimeError after half a minute in vain."""
    for _ in range(600):
        if is_so():
            return
        time.sleep(0.05)
    raise RuntimeError(f"half a minute has passed in vain until {what}")
