"""The `duly` script: the command tree of `mailer.cli`, with the commands that run the service."""

from __future__ import annotations

import asyncio

from mailer.cli.later import Part
from mailer.cli.tree import FIRST, NOUNS, command_line

RUNNING = {
    name: Part(module="workers.run_commands", help=text)
    for name, text in (
        ("serve", "Run the service in this process, without Redis, until Ctrl-C."),
        ("worker", "Run the service as an arq worker on Redis."),
        ("run", "Fetch, plan and send now, for cron or by hand."),
        ("demo", "See it all work: 24 customers, 60 business days, under a minute."),
    )
}
app = command_line({**FIRST, **RUNNING, **NOUNS})


def main() -> None:
    """Run the command line."""
    try:
        app()
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
