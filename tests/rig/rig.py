"""A client's isolated world: HOME, a git project, a bare environment, and what happened in it."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

from .api import Api, Json
from .clients import OUTSIDE

HERE = Path(__file__).resolve().parent
AUTHOR = {"NAME": "Dev", "EMAIL": "dev@example.com"}


def load_scenario(agent: str, name: str) -> Json:
    return json.loads((HERE / "scenarios" / agent / f"{name}.json").read_text())


def read_lines(path: Path) -> list[Json]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def search_path() -> str:
    """The folders of git and node, and the usual ones; nothing else of the developer's PATH."""
    found = (shutil.which(program, path=OUTSIDE.get("PATH")) for program in ("git", "node"))
    folders = [str(Path(program).parent) for program in found if program]
    return ":".join(dict.fromkeys([*folders, "/usr/local/bin", "/usr/bin", "/bin"]))


class Rig:
    """Prepare, run, then ask: `rig.prepare(); rig.run(); rig.commits()`. `root` is deleted and made anew."""

    agent: str
    project_name = "project"

    def __init__(self, client: Path, root: Path, scenario: Json) -> None:
        self.client = str(client)
        self.root = root
        self.scenario = scenario
        self.home = root / "home"
        self.project = self.home / self.project_name
        self.log = root / "log"
        self.hooks_file = self.log / "hooks.jsonl"
        self.exit_codes: list[int | None] = []
        self.api: Api

    # -- the world ---------------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        for folder in (self.project, self.log, self.root / "tmp"):
            folder.mkdir(parents=True)
        self.api = self.make_api()
        for name, text in {"README.md": "# app\n", **self.scenario.get("files", {})}.items():
            self.write(f"{self.project_name}/{name}", text)
        for args in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "start"]):
            self.git(*args, at=time.time() - 3600)  # before the session by any clock
        self.first_commit = self.git("rev-parse", "HEAD").strip()
        self.configure()

    def make_api(self) -> Api:
        raise NotImplementedError

    def configure(self) -> None:
        """Write what a user's HOME has after the first start; the client is not running yet."""
        raise NotImplementedError

    def client_env(self) -> dict[str, str]:
        """The client's own variables: where its API is, no updates, no telemetry."""
        raise NotImplementedError

    def env(self) -> dict[str, str]:
        git = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in AUTHOR.items()}
        bare = {"LANG": "C.UTF-8", "TERM": "xterm-256color", "SHELL": "/bin/bash", "USER": "dev", "TZ": "UTC"}
        own = {"HOME": str(self.home), "PATH": search_path(), "TMPDIR": str(self.root / "tmp")}
        extra = {key: self.fill(str(value)) for key, value in self.scenario.get("env", {}).items()}
        return {**bare, **own, "GIT_CONFIG_NOSYSTEM": "1", **git, **self.client_env(), **extra}

    def write(self, name: str, text: str) -> Path:
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def recorder(self) -> str:
        """The command that logs a hook call into `hooks_file`."""
        return shlex.join([sys.executable, "-I", "-S", str(HERE / "record_hook.py"), str(self.hooks_file)])

    def session_id(self, name: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"rig/{self.scenario['name']}/{name}"))

    def fill(self, text: str) -> str:
        """Put this world's paths and session ids into a text of the scenario."""
        text = re.sub(r"\{sid:(\w+)\}", lambda found: self.session_id(found[1]), text)
        for name, path in {"app": self.project, "project": self.project, "home": self.home}.items():
            text = text.replace(f"{{{name}}}", str(path))
        return text

    def filled(self, part: Any) -> Any:
        return json.loads(self.fill(json.dumps(part)))

    # -- running -----------------------------------------------------------------------------------------------------

    def run(self) -> None:
        raise NotImplementedError

    def command(self, *argv: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a program in this world: the client, or ours."""
        return subprocess.run(
            argv, cwd=self.project, env=self.env(), capture_output=True, text=True, timeout=timeout_s, check=False
        )

    def claude_metrics(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Our own command line in this world."""
        return self.command(sys.executable, "-m", "claude_metrics", *args)

    def git(self, *args: str, repository: Path | None = None, at: float | None = None) -> str:
        dates = {} if at is None else dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), f"{at:.0f} +0000")
        env = {**self.env(), **dates}
        done = subprocess.run(
            ["git", *args], cwd=repository or self.project, env=env, capture_output=True, text=True, check=False
        )
        return done.stdout

    # -- what happened -----------------------------------------------------------------------------------------------

    def hooks(self, event: str | None = None) -> list[Json]:
        """Every payload of the recorded hooks, in order."""
        lines = read_lines(self.hooks_file)
        return [line.get("stdin") or line["payload"] for line in lines if event in (None, line["event"])]

    def commits(self) -> list[Json]:
        """Every commit after the first one, in any repository under HOME, also those amended away."""
        found = [self.commit(sha, git.parent, kept) for git in self.repositories() for sha, kept in self.shas(git)]
        return sorted(found, key=lambda row: (row["committed_at"], row["sha"]))

    def repositories(self) -> list[Path]:
        return sorted(self.home.rglob(".git"))

    def shas(self, git: Path) -> list[tuple[str, bool]]:
        kept = set(self.git("rev-list", "--all", repository=git.parent).split())
        every = kept | set(self.git("reflog", "--all", "--format=%H", repository=git.parent).split())
        return [(sha, sha in kept) for sha in sorted(every - {self.first_commit})]

    def commit(self, sha: str, repository: Path, reachable: bool) -> Json:
        out = self.git("show", "--numstat", "--format=%cI%x02%an%x02%s", sha, repository=repository)
        head, *stat = out.strip().split("\n")
        numbers = [line.split("\t") for line in stat if "\t" in line]
        committed_at, author, subject = head.split("\x02")
        return {
            "sha": sha,
            "repository": str(repository),
            "committed_at": committed_at,
            "author": author,
            "subject": subject,
            "reachable": reachable,
            "files": [row[2] for row in numbers],
            "lines_added": sum(int(row[0]) for row in numbers if row[0] != "-"),
            "lines_deleted": sum(int(row[1]) for row in numbers if row[1] != "-"),
        }

    def served(self) -> dict[str, dict[str, int]]:
        """Per model what the API reported, in the columns of `token_usage`."""
        raise NotImplementedError


def add_up(rows: list[tuple[str, Json]]) -> dict[str, dict[str, int]]:
    """(key, counters) pairs -> counters by key, and how many requests they are."""
    total: dict[str, dict[str, int]] = {}
    for key, counters in rows:
        mine = total.setdefault(key, {"requests": 0})
        for name, value in {"requests": 1, **counters}.items():
            mine[name] = mine.get(name, 0) + value
    return total


def is_interactive(scenario: Json) -> bool:
    steps = [*scenario.get("steps", []), *scenario.get("runs", [])]
    return any("tui" in step or step.get("mode") == "interactive" for step in steps)
