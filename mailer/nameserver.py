"""One question to the DNS, within a deadline: the TXT records at a name. What they are worth is judged elsewhere.

The only importer of dnspython. Search lists are never used: a name is asked for as it stands, or not at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

#: More records at one name, or longer ones (bytes), are not kept.
MOST_RECORDS, MOST_BYTES = 4, 8192
DNS_PORT = 53


@dataclass(frozen=True, slots=True, kw_only=True)
class Txt:
    """What came: records (strings of each joined, RFC 6376 §3.6.2.2; sorted), from which server ("" when none spoke).

    `problem`: why there are none; `is_final`: that asking again would not help.
    """

    records: tuple[bytes, ...] = ()
    server: str = ""
    problem: str = ""
    is_final: bool = True


def address_of(text: str) -> tuple[str, int]:
    """Return host and port of a name server: "192.0.2.1", "192.0.2.1:5353", "[2001:db8::1]:53". Raises ValueError."""
    try:
        return str(ip_address(text)), DNS_PORT
    except ValueError:
        parts = urlsplit(f"//{text}")
        return str(ip_address(parts.hostname or "")), parts.port or DNS_PORT


@dataclass(frozen=True, slots=True, kw_only=True)
class NameServer:
    """Where to ask. `servers`: as `address_of` has them, empty for those of the system; they are asked in turn."""

    servers: Sequence[str] = ()
    timeout_seconds: float

    async def txt(self, name: str) -> Txt:
        """Return the TXT records at a name (ASCII, without the final dot); whatever goes wrong is in the answer."""
        import dns.asyncresolver  # noqa: PLC0415 - slow to load, and most commands never need it
        import dns.exception  # noqa: PLC0415 - as above
        import dns.nameserver  # noqa: PLC0415 - as above
        import dns.resolver  # noqa: PLC0415 - as above

        asked = ", ".join(self.servers) or "the system's"
        try:
            resolver = dns.asyncresolver.Resolver(configure=not self.servers)
            if self.servers:
                resolver.nameservers = [dns.nameserver.Do53Nameserver(*address_of(one)) for one in self.servers]
            async with asyncio.timeout(self.timeout_seconds + 1):
                answer = await resolver.resolve(
                    f"{name}.", "TXT", lifetime=self.timeout_seconds, search=False, raise_on_no_answer=False
                )
        except dns.resolver.NXDOMAIN:
            return Txt(server=asked, problem="there is no such name in the DNS")
        except (dns.exception.Timeout, TimeoutError):
            return Txt(problem=f"no name server answered within {self.timeout_seconds:g} s", is_final=False)
        except (dns.exception.DNSException, OSError, ValueError) as problem:
            return Txt(problem=f"no name server could say ({type(problem).__name__})", is_final=False)
        server = f"{answer.nameserver}:{answer.port}"
        found = sorted({b"".join(one.strings) for one in answer.rrset or ()})
        if not found:
            return Txt(server=server, problem="there is no TXT record at that name")
        fit = [one for one in found if len(one) <= MOST_BYTES][:MOST_RECORDS]
        return Txt(records=tuple(fit), server=server, problem="" if fit else "its TXT record is far too long for a key")
