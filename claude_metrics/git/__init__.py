"""What git tells of a repository, and which session made a commit."""
