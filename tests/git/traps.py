"""A git with limits, and programs that a hostile repository names."""

import shutil
from pathlib import Path

from claude_metrics.git.attribution import CommitCache
from claude_metrics.git.process import Git
from tests.support.git_sandbox import program

GIT = shutil.which("git")


def cache_with(bin_folder: Path, timeout: float = 10, total: float = 30) -> CommitCache:
    return CommitCache.of(Git(timeout, total, search_path=str(bin_folder)))


TRAPS = {
    "core.fsmonitor": "{trap}",
    "core.hooksPath": "{hooks}",
    "core.pager": "{trap}",
    "pager.log": "{trap}",
    "core.sshCommand": "{trap}",
    "core.askPass": "{trap}",
    "core.editor": "{trap}",
    "core.gitProxy": "{trap}",
    "core.alternateRefsCommand": "{trap}",
    "credential.helper": "!{trap}",
    "diff.external": "{trap}",
    "diff.evil.textconv": "{trap}",
    "diff.evil.command": "{trap}",
    "diff.evil.cachetextconv": "false",
    "filter.evil.clean": "{trap}",
    "filter.evil.smudge": "{trap}",
    "filter.evil.process": "{trap}",
    "gpg.program": "{trap}",
    "gpg.ssh.program": "{trap}",
    "gpg.x509.program": "{trap}",
    "log.showSignature": "true",
    "alias.log": "!{trap}",
    "alias.rev-parse": "!{trap}",
    "alias.config": "!{trap}",
    "trailer.evil.command": "{trap}",
    "diff.submodule": "log",
    "submodule.recurse": "true",
    "protocol.allow": "always",
    "protocol.ext.allow": "always",
    "color.ui": "always",
    "log.decorate": "full",
    "log.showRoot": "false",
    "diff.relative": "true",
    "diff.noprefix": "true",
    "format.pretty": "oneline",
}


def set_traps(repo: Path, trap: Path) -> None:
    for hook in ["post-index-change", "reference-transaction", "post-checkout", "pre-auto-gc", "fsmonitor-watchman"]:
        shutil.copy(trap, program(repo.parent / "hooks" / hook, ""))
        shutil.copy(trap, repo / ".git" / "hooks" / hook)
    config = repo / ".git" / "config"
    with config.open("a") as file:
        for name, value in TRAPS.items():
            section, _, key = name.rpartition(".")
            first, _, second = section.partition(".")
            filled = value.format(trap=trap, hooks=repo.parent / "hooks")
            file.write(f"[{first}{f' {chr(34)}{second}{chr(34)}' if second else ''}]\n\t{key} = {filled}\n")
