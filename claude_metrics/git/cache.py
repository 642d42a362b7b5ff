"""What one run has read of repositories, and which session each commit went to."""

from dataclasses import dataclass, field

from claude_metrics.git.log import RepositoryLog
from claude_metrics.git.process import Git
from claude_metrics.git.repository import Repositories, Repository
from claude_metrics.models import Evidence


@dataclass(slots=True)
class CommitCache:
    """Give the same one to every session of a `sync`, and a new one to each run: it does not look again."""

    repositories: Repositories = field(default_factory=Repositories)
    logs: dict[str, RepositoryLog] = field(default_factory=dict)
    claims: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, git: Git) -> "CommitCache":
        return cls(Repositories(git))

    def log(self, repository: Repository) -> RepositoryLog:
        if repository.key not in self.logs:
            self.logs[repository.key] = RepositoryLog(self.repositories.git, repository)
        return self.logs[repository.key]

    def claim(self, repository: str, sha: str, evidence: Evidence, session_id: str) -> bool:
        """Whether the commit is this session's, as far as this run knows.

        Two sessions may both have had a call that ran then: the store has to see both claims, to count neither.
        """
        mine = (-evidence.strength, session_id)
        held = self.claims.get((repository, sha), mine)
        weak = held[0] == mine[0] == -Evidence.CALL.strength
        if held < mine and held[1] != session_id and not weak:
            return False
        self.claims[repository, sha] = min(held, mine)
        return True
