"""A bundled session, recorded by the real hook, worker and database in a scratch folder."""
