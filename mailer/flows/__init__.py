"""The verbs, one file each: load facts, ask the core, write the actions and their events in one transaction."""
