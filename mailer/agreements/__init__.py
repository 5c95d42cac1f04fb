"""Promises, disputes and holds: their tables of states, and when they settle, end or raise an alarm. Pure."""
