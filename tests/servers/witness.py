"""A witness on loopback: the one of `duly witness`, in a thread; entered again, it goes on with what it remembers."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Self

from mailer.anchors.witness_server import WitnessHttp
from mailer.clock import utc_now
from mailer.flows.keep_witness import LOGS, Witness, init_witness, open_witness
from tests.servers.process import HOST


class WitnessServer:
    """A witness in a folder, for the logs of these keys; `port` stays the same from its first start on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.vkey = init_witness(folder, "lawyer.example/w1").verifier.line
        self.port = 0
        self.told: list[str] = []
        self._witness: Witness
        self._server: WitnessHttp

    def trusts(self, *vkeys: str) -> None:
        (self.folder / LOGS).write_text("# logs\n" + "".join(f"{one}\n" for one in vkeys), "utf-8")

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"

    def __enter__(self) -> Self:
        self._witness = open_witness(self.folder, utc_now)
        self._server = WitnessHttp(HOST, self.port, self._witness.add_checkpoint, self.told.append)
        self.port = self._server.server_port
        serve = self._server.serve_forever
        threading.Thread(target=serve, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._witness.close()
