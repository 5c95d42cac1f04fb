"""CSV files in: one file per import format, each turning a file into rows as values, streaming."""
