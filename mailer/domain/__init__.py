"""The words of the trade, as values: no I/O, no clock, no decisions beyond arithmetic."""
