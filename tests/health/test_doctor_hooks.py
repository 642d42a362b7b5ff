"""`doctor` names each fault of a hook, and mends what is safe."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from claude_metrics import paths
from claude_metrics.agents import RECORDED
from claude_metrics.health import doctor, fire, hooks
from claude_metrics.installer import install
from tests.health.examined import examine, record, settings_file
from tests.support.captured import Capture

pytestmark = pytest.mark.slow


def states(findings: dict[str, doctor.Finding], wanted: str) -> list[str]:
    return [name for name, finding in findings.items() if finding.check.state == wanted]


def test_a_missing_hook_is_a_choice_not_a_failure(capture: Callable[[str], Capture]) -> None:
    capture("print-basic")
    record()
    found = examine(fix=True)
    assert found["hook claude"].check.state == "warn" and "hook install" in found["hook claude"].check.remedy
    assert install.status("claude")[0].state == "absent"


def test_a_hook_whose_python_is_gone_fails_and_is_mended(recorded: Path, home: Path) -> None:
    text = settings_file(home).read_text()
    settings_file(home).write_text(text.replace(sys.executable, "/gone/bin/python3"))
    found = examine(shoot=True)
    assert "gone" in found["interpreter"].check.text and found["interpreter"].check.state == "fail"
    assert found["hook claude"].check.state == "warn"
    assert "outdated" in found["end to end claude"].check.text
    without = settings_file(home).read_text()
    assert not examine(fix=True)["hook claude"].mended
    assert settings_file(home).read_text() == without, "the agent's settings are changed only on request"
    found = examine(fix=True, shoot=True, hooks=True)
    assert found["hook claude"].mended and states(found, "fail") == states(found, "warn") == []
    assert settings_file(home).read_text() == text


def test_a_python_without_our_package_is_told(recorded: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    python = tmp_path / "bin" / "python3"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\necho 'ModuleNotFoundError: no claude_metrics' >&2; exit 1\n")
    python.chmod(0o700)
    monkeypatch.setattr(hooks, "installed", lambda agent: [[str(python), "x"]])
    assert "no claude_metrics" in examine()["interpreter"].check.text


def test_hooks_that_the_agent_switched_off_fail(recorded: Path, home: Path) -> None:
    value = json.loads(settings_file(home).read_text())
    settings_file(home).write_text(json.dumps({**value, "disableAllHooks": True}))
    assert examine()["hooks allowed"].check.state == "fail"


def test_a_settings_file_that_does_not_parse_fails_with_its_place(recorded: Path, home: Path) -> None:
    settings_file(home).write_text('{"hooks": ')
    check = examine(fix=True)["hook claude"].check
    assert check.state == "fail" and "settings.json" in check.text
    assert settings_file(home).read_text() == '{"hooks": '


def test_the_plugin_counts_as_a_hook(recorded: Path, home: Path) -> None:
    settings_file(home).write_text(json.dumps({"enabledPlugins": {"session-metrics@claude-metrics": True}}))
    assert examine()["hook claude"].check.state == "ok"


def test_a_short_time_limit_is_told(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RECORDED["claude"].hook_limit_variable, "300")
    assert examine()["time limit claude"].check.state == "warn"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("import sys; sys.exit('no good')", "no good"),
        ("print('{}')", "nothing was recorded"),
        ("while True: pass", "did not end"),
    ],
    ids=["fails", "records nothing", "hangs"],
)
def test_a_hook_that_does_not_work_fails_end_to_end(
    recorded: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, said: str
) -> None:
    file = tmp_path / "claude-metrics" / "hooks" / "session_end.py"
    file.parent.mkdir(parents=True)
    file.write_text(script)
    words = [sys.executable, "-I", "-S", str(file), "--agent", "claude", "--spool", str(paths.spool_dir())]
    monkeypatch.setattr(hooks, "installed", lambda agent: [words])
    monkeypatch.setattr(fire, "HOOK_S", 1.0)
    monkeypatch.setattr(fire, "RECORDED_S", 0.5)
    check = examine(shoot=True)["end to end claude"].check
    assert check.state == "fail" and said in check.text
