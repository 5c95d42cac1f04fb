"""Those outside who vouch for the log: servers that stamp the time of its heads (RFC 3161), witnesses (C2SP)."""
