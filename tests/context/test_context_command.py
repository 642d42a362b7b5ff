"""The tools that the note names, its settings, and the command that prints it."""

import json
import os
from pathlib import Path

import pytest

from claude_metrics import config, paths
from claude_metrics.context import settings, tools
from claude_metrics.context.clients import names
from claude_metrics.context.settings import Settings
from tests.context.notes import Run, inside
from tests.support.git_sandbox import program, repository


def test_tools_are_found_by_the_configs_table_over_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("git", "rg", "deploy", "jq"):
        program(tmp_path / "bin" / name, f"touch {tmp_path}/started")
    program(tmp_path / "work/.venv/bin/python", "exit 1")
    (tmp_path / "bin/make").touch()  # not to be executed
    (tmp_path / "bin/curl").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path}/bin")
    configured = {
        "deploy": {"detect": ["nothing", "deploy"], "usage": "deploy STAGE"},
        "absent": {"detect": "absent"},
        "jq": {"detect": ""},
        "git": {"usage": "ours"},
        "odd": {"detect": 3, "usage": None},
    }
    found = tools.find(configured, str(tmp_path / "work"))
    assert [tools.line(tool) for tool in found] == [
        "deploy: deploy STAGE",
        "git: ours",
        "project python (.venv/bin/python): the project's own virtual environment",
        "ripgrep (rg): rg PATTERN searches files, honours .gitignore",
    ]
    assert not (tmp_path / "started").exists(), "no tool is started"


def test_a_program_in_a_relative_folder_of_path_is_not_a_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "jq", "exit 0")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", ".:")
    assert tools.find({}, "/nowhere") == []


def test_every_default_tool_has_one_line_of_usage() -> None:
    assert {"git", "gh", "uv", "node", "docker", "ripgrep", "jq", "psql", "python", "pnpm", "make"} <= set(
        tools.DEFAULTS
    )
    for name, (detect, usage) in tools.DEFAULTS.items():
        assert detect
        assert tools.line(tools.Tool(name, name, usage)) == f"{name}: {usage}", "nothing in it is cleaned away"


def test_settings_are_those_of_the_config() -> None:
    assert {name: getattr(config.Config(), name) for name in Settings._fields} == Settings()._asdict()


def test_what_cannot_be_used_costs_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('context_deadline_s = 9\ncontext_max_chars = "many"\nunknown = 1\n[tools.x]\ndetect = "x"\n')
    assert settings.load(str(file)) == Settings(context_deadline_s=9.0, tools={"x": {"detect": "x"}})
    assert settings.load(str(file), 3.0).context_deadline_s == 3.0
    for bad in (b"[broken", b"\xff\xfe", b""):
        file.write_bytes(bad)
        assert settings.load(str(file)) == Settings()
    assert settings.load(str(tmp_path / "absent")) == Settings()


@pytest.mark.parametrize(
    "variables",
    [{}, {"XDG_CONFIG_HOME": "/xdg"}, {"XDG_CONFIG_HOME": "relative"}, {"CLAUDE_METRICS_HOME": "/all"},
     {"CLAUDE_METRICS_HOME": "~/all"}],
)  # fmt: skip
def test_the_config_is_where_the_package_looks_for_it(
    variables: dict[str, str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CLAUDE_METRICS_HOME")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert settings.config_file(dict(os.environ), str(home)) == str(paths.config_file())


def test_the_command_prints_the_note_in_every_form(tmp_path: Path, run_cli: Run) -> None:
    repo = repository(tmp_path / "repo")
    plain = run_cli("context", cwd=repo)
    assert (plain.returncode, plain.stderr) == (0, "")
    assert "- .: on main, no upstream; clean;" in "\n".join(inside(plain.stdout.rstrip("\n")))
    for tool in names():
        text = str(json.loads(run_cli("context", "--tool", tool, cwd=repo).stdout))
        assert "on main, no upstream" in text
    assert len(run_cli("context", "--max-chars", "300", cwd=repo).stdout) <= 301
    found = json.loads(run_cli("context", "--json", cwd=repo).stdout)
    assert found["workspace"] == str(repo)
    assert found["repositories"][0] | {"committed_at": 0, "commit": ""} == {
        "path": ".", "branch": "main", "upstream": None, "ahead": None, "behind": None, "fetched_at": None,
        "changed": 0, "conflicts": 0, "untracked": 0, "commit": "", "committed_at": 0, "subject": "First",
        "problem": None,
    }  # fmt: skip


def test_wrong_usage_and_a_broken_config_are_said(home: Path, run_cli: Run) -> None:
    assert run_cli("context", "--tool", "claude", "--json").returncode == 2
    assert run_cli("context", "--max-chars", "0").returncode == 2
    paths.config_file().parent.mkdir(parents=True)
    paths.config_file().write_text("context_deadlines = 1\n")
    done = run_cli("context")
    assert (done.returncode, done.stdout) == (1, "")
    assert "context_deadline_s" in done.stderr


def test_the_command_offers_the_clients_of_the_table(run_cli: Run) -> None:
    done = run_cli("context", "--help")
    assert f"[{'|'.join(names())}]" in done.stdout
