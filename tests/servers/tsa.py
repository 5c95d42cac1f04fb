"""A time-stamp server on loopback: OpenSSL's with an authority of its own, or whatever a test wants."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers.http import LoopbackServer, QuietHandler

_SECTION = """[{name}]
serial=./serial
signer_cert=./tsa.crt
signer_key=./tsa.key
signer_digest=sha256
default_policy=1.2.3.4.1
digests=sha256
accuracy=secs:1
ordering=yes
tsa_name=yes
ess_cert_id_chain=no
ess_cert_id_alg=sha256
{more}
"""
_EXTENSIONS = """basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=critical,timeStamping
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
"""
_ROOT = ("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
_NEW = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


class Authority:
    """A certificate authority and its time-stamp signer, in a folder; the section "full" adds the issuer to stamps.

    `between`: whether the signer is certified by an authority that the root certified.
    """

    def __init__(self, folder: Path, name: str = "Test CA", *, between: bool = False) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.ca, self.chain = folder / "ca.crt", folder / "chain.crt"
        self._openssl("req", "-x509", *_NEW, "-keyout", "ca.key", "-out", "ca.crt", "-days", "3650",
                      "-subj", f"/CN={name}", *_ROOT)  # fmt: skip
        issuer = "ca"
        if between:
            issuer = "between"
            self._openssl("req", *_NEW, "-keyout", "between.key", "-out", "between.csr", "-subj", f"/CN=Below {name}")
            (folder / "between.ext").write_text("basicConstraints=critical,CA:TRUE\n", "utf-8")
            self._openssl("x509", "-req", "-in", "between.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                          "-days", "3650", "-extfile", "between.ext", "-out", "between.crt")  # fmt: skip
        self._openssl("req", *_NEW, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", f"/CN=Stamps of {name}")
        (folder / "ext").write_text(_EXTENSIONS, "utf-8")
        self._openssl("x509", "-req", "-in", "tsa.csr", "-CA", f"{issuer}.crt", "-CAkey", f"{issuer}.key",
                      "-CAcreateserial", "-days", "3650", "-extfile", "ext", "-out", "tsa.crt")  # fmt: skip
        self.chain.write_bytes(self.ca.read_bytes() + (folder / "tsa.crt").read_bytes())
        (folder / "serial").write_text("01\n", "utf-8")
        sections = [
            _SECTION.format(name=name, more=more) for name, more in (("plain", ""), ("full", f"certs=./{issuer}.crt"))
        ]
        (folder / "tsa.cnf").write_text("".join(sections), "utf-8")

    def reply(self, question: bytes, *, section: str = "plain") -> bytes:
        """The answer to a request."""
        (self.folder / "asked.tsq").write_bytes(question)
        self._openssl("ts", "-reply", "-config", "tsa.cnf", "-section", section, "-queryfile", "asked.tsq",
                      "-out", "said.tsr")  # fmt: skip
        return (self.folder / "said.tsr").read_bytes()

    def stamp(self, data: bytes, *, certificates: bool = True, section: str = "plain") -> bytes:
        """A stamp of these bytes, asked for by OpenSSL."""
        (self.folder / "data").write_bytes(data)
        asked = ("-cert",) if certificates else ()
        self._openssl("ts", "-query", "-data", "data", "-sha256", *asked, "-out", "own.tsq")
        return self.reply((self.folder / "own.tsq").read_bytes(), section=section)

    def _openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self.folder, capture_output=True, check=True)


def without_cert_req(question: bytes) -> bytes:
    """The same request, without asking for the signer's certificate."""
    assert question.endswith(b"\x01\x01\xff")
    return bytes((question[0], question[1] - 3)) + question[2:-3]


def openssl_verifies(token: Path, data: Path, authority: Path, *, at: int | None = None) -> bool:
    """What `openssl ts -verify` says."""
    moment = () if at is None else ("-attime", str(at))
    words = ["-in", str(token), "-data", str(data), "-CAfile", str(authority), "-untrusted", str(authority), *moment]
    return subprocess.run(["openssl", "ts", "-verify", *words], capture_output=True, check=False).returncode == 0


class TsaServer(LoopbackServer):
    """`says` gets a request and returns status and body, after `waits_seconds`; one that `drips` never ends."""

    path = "/tsr"

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self.says: Callable[[bytes], tuple[int, bytes]] = lambda asked: (200, authority.reply(asked))
        self.waits_seconds = 0.0
        self.drips = False
        self.asked: list[bytes] = []
        super().__init__(_handler(self))


def _handler(server: TsaServer) -> type[QuietHandler]:
    class Handler(QuietHandler):
        def do_POST(self) -> None:  # noqa: N802 - the library's name
            server.asked.append(self.body())
            time.sleep(server.waits_seconds)
            status, body = server.says(server.asked[-1])
            self.send_response(status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            try:
                self.wfile.write(body)
                while server.drips:
                    self.wfile.write(b"\x30" * 65_536)
            except OSError:
                pass  # nobody listens any more

    return Handler


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "one")


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Another authority of the same name."""
    return Authority(tmp_path_factory.mktemp("tsa") / "two")


@pytest.fixture
def tsa(authority: Authority) -> Iterator[TsaServer]:
    with TsaServer(authority) as server:
        yield server
