"""The database, and the only room that writes to its tables: one module per table, then what is derived from them."""
