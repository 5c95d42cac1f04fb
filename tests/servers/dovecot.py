"""A private Dovecot: IMAP and IMAPS on loopback over Maildirs in a temporary folder."""

from __future__ import annotations

import imaplib
import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.servers.process import (
    HOST,
    UNPRIVILEGED,
    ServerProcess,
    find_binary,
    free_port,
    give_away,
    is_root,
    make_folder,
)

PASSWORD = "pw"
_INSTALL = "apt-get install dovecot-imapd"
_CONFIG = """\
base_dir = {folder}/run
state_dir = {folder}/run
instance_name = {name}
protocols = imap
listen = {host}
log_path = {folder}/dovecot.log
ssl = yes
ssl_cert = <{folder}/certificate.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
auth_failure_delay = 0
auth_mechanisms = plain login{mechanisms}
{token_passdb}mail_location = maildir:{folder}/mail/%u
first_valid_uid = 1
first_valid_gid = 1
mail_max_userip_connections = 100
login_trusted_networks = 127.0.0.0/8
shutdown_clients = yes
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/home/%u
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
{unchrooted}}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
{unchrooted}}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    special_use = \\Sent
    auto = create
  }}
  mailbox Junk {{
    special_use = \\Junk
    auto = create
  }}
}}
"""

_TOKEN_PASSDB = """\
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/tokens.conf
}}
"""
_TOKENS = """\
tokeninfo_url = {address}/tokeninfo?access_token=
username_attribute = email
tls_ca_cert_file = {folder}/certificate.pem
"""


class Dovecot:
    """An IMAP server any user can log in to with `PASSWORD`; stop and start keep port, mail and UIDs.

    `tokens_at`: the address of a token server whose /tokeninfo says which mailbox an access token opens (XOAUTH2).
    """

    def __init__(self, *, tokens_at: str = "") -> None:
        self._program = find_binary("dovecot", _INSTALL)
        self._folder = make_folder("dovecot")
        self.host = HOST
        self.port = free_port()
        self.tls_port = free_port()
        self.user = "billing@duly.test"
        self.password = PASSWORD
        self.ca_file = make_certificate(self._folder)
        self._tokens_at = tokens_at
        self._numbers = itertools.count(1)
        for name in ("run", "mail", "home"):
            (self._folder / name).mkdir()
        give_away(self._folder / "mail")
        give_away(self._folder / "home")
        tokens = _TOKENS.format(address=tokens_at, folder=self._folder)
        (self._folder / "tokens.conf").write_text(tokens, encoding="utf-8")
        config = self._folder / "dovecot.conf"
        config.write_text(self._config(), encoding="utf-8")
        log = self._folder / "start.log"
        self._process = ServerProcess([self._program, "-F", "-c", str(config)], self.port, log=log)

    def _config(self) -> str:
        own = Path("/proc/self").owner()
        user = UNPRIVILEGED if is_root() else own
        config = _CONFIG.format(
            folder=self._folder,
            name=self._folder.name,
            host=HOST,
            port=self.port,
            tls_port=self.tls_port,
            password=PASSWORD,
            mechanisms=" xoauth2" if self._tokens_at else "",
            token_passdb=_TOKEN_PASSDB.format(folder=self._folder) if self._tokens_at else "",
            user=user,
            group=65534 if is_root() else os.getegid(),
            unchrooted="" if is_root() else "  chroot =\n",
        )
        if not is_root():
            config += f"default_internal_user = {own}\ndefault_login_user = {own}\n"
            config += f"default_internal_group = {Path('/proc/self').group()}\n"
        return config

    @property
    def log(self) -> str:
        """What the server wrote, for a failing test's message."""
        return (self._folder / "dovecot.log").read_text(encoding="utf-8", errors="replace")

    def start(self) -> None:
        """Starts, or starts again, on the same ports."""
        self._process.start()

    def stop(self) -> None:
        """Stops the server and cuts every connection; the mail stays."""
        self._process.stop()

    def remove(self) -> None:
        """Stops the server and deletes everything."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def login(self, user: str | None = None) -> imaplib.IMAP4:
        """A logged-in standard-library client, the test's own view of the mailbox."""
        client = imaplib.IMAP4(self.host, self.port, timeout=10)
        try:
            client.login(user or self.user, self.password)
        except imaplib.IMAP4.error:
            client.shutdown()
            raise
        return client

    def deliver(
        self, raw: bytes, folder: str = "INBOX", *, user: str | None = None, at: datetime | None = None
    ) -> None:
        """Drops the exact bytes into a Maildir, as a delivery agent does; `at` becomes INTERNALDATE."""
        maildir = self.maildir(folder, user=user)
        name = f"{1_700_000_000 + next(self._numbers)}.M0P{os.getpid()}.duly"
        draft = maildir / "tmp" / name
        draft.write_bytes(raw)
        give_away(draft)
        if at is not None:
            os.utime(draft, (at.timestamp(), at.timestamp()))
        draft.rename(maildir / "new" / name)

    def maildir(self, folder: str = "INBOX", *, user: str | None = None) -> Path:
        """The Maildir++ folder of a mailbox, made when it is missing."""
        root = self._folder / "mail" / (user or self.user)
        path = root if folder == "INBOX" else root / f".{folder}"
        for part in (root, path, *(path / name for name in ("tmp", "new", "cur"))):
            if not part.exists():
                part.mkdir(mode=0o700)
                give_away(part)
        return path

    def renumber(self, folder: str = "INBOX", *, user: str | None = None) -> None:
        """Gives a mailbox a new UIDVALIDITY and new UIDs, as a restored or rebuilt mailbox has."""
        self.stop()
        path = self.maildir(folder, user=user)
        for index in (*path.glob("dovecot.index*"), *path.glob("dovecot-uidlist*")):
            index.unlink()
        self.start()


def make_certificate(folder: Path) -> Path:
    """A self-signed certificate for localhost and its key, `certificate.pem` and `key.pem`, in PEM."""
    openssl = find_binary("openssl", "apt-get install openssl")
    certificate = folder / "certificate.pem"
    request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    names = f"subjectAltName=DNS:localhost,IP:{HOST}"
    files = ["-keyout", str(folder / "key.pem"), "-out", str(certificate)]
    command = [openssl, *request.split(), "-addext", names, *files]
    subprocess.run(command, check=True, capture_output=True)
    return certificate


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    """A fresh running Dovecot with empty mailboxes."""
    server = Dovecot()
    try:
        server.start()
        yield server
    finally:
        server.remove()
