"""Reading git repositories: where one is, what it holds, and which session made which commit."""
