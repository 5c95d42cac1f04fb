"""The database: SQLAlchemy Core tables, one file per aggregate. Nothing of SQLAlchemy leaves this room."""
