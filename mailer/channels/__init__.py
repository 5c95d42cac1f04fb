"""Ways out of the house: each takes frozen bytes and says what came of them. A new one is a file and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mailer.channels.channel import BeforeData, Channel, ChannelError
from mailer.channels.smtp import SmtpChannel, SmtpProbe, SmtpSettings

__all__ = ["CHANNELS", "BeforeData", "Channel", "ChannelError", "SmtpChannel", "SmtpProbe", "SmtpSettings"]

#: By the name that the configuration uses.
CHANNELS: Mapping[str, type[SmtpChannel]] = MappingProxyType({"smtp": SmtpChannel})
