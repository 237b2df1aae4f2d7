"""Migrations of the database, run at every start; a start that was cut short is mended by the next."""
