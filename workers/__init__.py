"""Running the service: embedded or under arq, and the demo. Jobs carry no data; the database is the truth."""
