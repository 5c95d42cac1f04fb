"""The terminal: nouns, then verbs. Exit codes: 0 done, 1 needs a person, 2 input refused, 3 environment."""
