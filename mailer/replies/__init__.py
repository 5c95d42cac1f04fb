"""What a mail is, whose it is, what it says and what follows: parse, route, match, read, react. Pure."""
