"""The demo: sandbox mail servers, simulated customers, and a clock that runs 60 business days in a minute.

Everything here stands outside the product: it imports the product, the product knows nothing of it. Needs the extra
`[demo]` (aiosmtpd, pymap).
"""
