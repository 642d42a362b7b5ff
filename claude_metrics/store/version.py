"""The version of the tables: the number of the last migration. `migrations` checks that the two agree."""

LATEST = 7
