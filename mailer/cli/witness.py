"""`duly witness init|serve`: for whoever is to vouch that somebody else's record only grows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mailer.anchors.witness_server import PATH, WitnessHttp
from mailer.cli.context import ENVIRONMENT, InputRefused, fail, guarded
from mailer.cli.output import say
from mailer.clock import utc_now
from mailer.flows.keep_witness import LOGS, init_witness, open_witness

_MOST_PORT = 65_535
FolderOption = Annotated[Path, typer.Option("--data", metavar="DIR", help="The witness's own folder, not a Duly's.")]


def register(app: typer.Typer) -> None:
    """Add the noun and its verbs."""
    witness_app = typer.Typer(no_args_is_help=True)
    app.add_typer(witness_app, name="witness")
    witness_app.command("init")(init)
    witness_app.command("serve")(serve)


def init(
    folder: FolderOption,
    name: Annotated[str, typer.Option(metavar="NAME", help="Its name, as an address of yours: example.com/witness")],
) -> None:
    """Make a witness and its key. Example: duly witness init --data /srv/witness --name lawyer.example/w1"""
    signer = guarded(lambda: init_witness(folder, name))
    say(f"Its public key, for the settings of whoever it is to watch:\n{signer.verifier.line}")
    say(f"Put the public key of their log into {folder / LOGS}, then: duly witness serve --data {folder}")


def serve(
    folder: FolderOption,
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where to listen.")] = "127.0.0.1:8470",
) -> None:
    """Cosign heads of logs that only grow, until Ctrl-C. Example: duly witness serve --data /srv/witness"""
    host, port = guarded(lambda: _place(listen))
    witness = guarded(lambda: open_witness(folder, utc_now))
    try:
        server = WitnessHttp(host.strip("[]"), port, witness.add_checkpoint, say)
    except OSError as problem:
        witness.close()
        fail(f"it cannot listen on {listen}: {problem}", ENVIRONMENT)
    say(
        f"{witness.signer.name} watches {len(witness.logs)} keys of logs: POST http://{host}:{server.server_port}{PATH}"
    )
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        say("stopped; what was cosigned is remembered")
    finally:
        server.server_close()
        witness.close()


def _place(listen: str) -> tuple[str, int]:
    """Return host and port. Every address of the machine is never meant by leaving the host out: 0.0.0.0 says it."""
    host, _, port = listen.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > _MOST_PORT:
        raise InputRefused(f"{listen!r} is no host and port: write it as in 127.0.0.1:8470")
    return host, int(port)
