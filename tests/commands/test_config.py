"""The settings file: read, and changed by key with everything else left as it is."""

import json
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claude_metrics import config, paths
from claude_metrics.config import Config, Damaged
from claude_metrics.config import edit as config_edit
from claude_metrics.errors import ClaudeMetricsError

pytestmark = pytest.mark.slow

Cli = Callable[..., subprocess.CompletedProcess[str]]

MINE = """# my settings

content = "redacted"   # keep this remark
timezone = 'Europe/Berlin'

[prices."claude-opus-5-5"] # negotiated
input = 1.0

[tools.claude]
enabled = true
# the end
"""


@pytest.fixture
def file() -> Path:
    file = paths.config_file()
    file.parent.mkdir(parents=True)
    file.write_text(MINE)
    return file


def test_without_a_file_the_defaults_hold(run_cli: Cli) -> None:
    assert config.load() == Config()
    assert json.loads(run_cli("config", "get", "--json").stdout)["content"] == "redacted"
    assert run_cli("config", "get", "journal_mode").stdout == "delete\n"


def test_path_is_printed(run_cli: Cli) -> None:
    assert run_cli("config", "path").stdout.strip() == str(paths.config_file())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("timezone", "Europe/Berlin\n"),
        ('prices."claude-opus-5-5".input', "1.0\n"),
        ("prices.claude-opus-5-5", "input = 1.0\n"),
        ("budget_daily_usd", "0.0\n"),
        ("tools.claude.enabled", "true\n"),
    ],
)
def test_get_gives_the_value_in_force(file: Path, run_cli: Cli, key: str, value: str) -> None:
    assert run_cli("config", "get", key).stdout == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("contnt = 'none'", "did you mean `content`"),
        ("content = 'full'", "use one of: redacted, none"),
        ("current_md = 'yes'", "must be true or false"),
        ("budget_daily_usd = 'ten'", "must be a number"),
        ("timezone = 5", "must be a text"),
        ("content = ", "not TOML"),
        ("[prices.m]\ninptu = 3", "did you mean `input`"),
        ("[prices.m]\ninput = '3'", "must be a number of USD"),
        ("[prices.m]\ninput = -3", "must be a number of USD"),
        ("[prices]\nm = 3", "must be a table of prices"),
        ("[tools]\nclaude = true", "one table a tool"),
    ],
)
def test_a_mistake_is_named_with_its_remedy_on_one_line(run_cli: Cli, text: str, said: str) -> None:
    paths.config_file().parent.mkdir(parents=True)
    paths.config_file().write_text(text)
    done = run_cli("config", "get")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert said in done.stderr and str(paths.config_file()) in done.stderr


@pytest.mark.parametrize(
    ("key", "value", "before", "after"),
    [
        ("content", "none", 'content = "redacted"   # keep', 'content = "none"   # keep'),
        ("timezone", "UTC", "timezone = 'Europe/Berlin'", 'timezone = "UTC"'),
        ("prices.claude-opus-5-5.input", "2.5", "input = 1.0", "input = 2.5"),
        ("tools.claude.enabled", "false", "enabled = true", "enabled = false"),
    ],
)
def test_set_changes_the_value_and_no_other_byte(file: Path, key: str, value: str, before: str, after: str) -> None:
    assert before in MINE
    config_edit.put(key, value)
    assert file.read_text() == MINE.replace(before, after)


@pytest.mark.parametrize(
    ("key", "value", "stored"),
    [
        ("machine_id", "007", "007"),
        ("budget_daily_usd", "12", 12.0),
        ("current_md", "on", True),
        ("current_md_projects", "app, lib", ("app", "lib")),
        ("current_md_projects", '["a,b"]', ("a,b",)),
        ("context_max_chars", "500", 500),
    ],
)
def test_a_value_becomes_what_the_key_holds(key: str, value: str, stored: object) -> None:
    config_edit.put(key, value)
    assert getattr(config.load(), key) == stored


def test_a_new_key_is_written_where_it_belongs(file: Path) -> None:
    config_edit.put("budget_monthly_usd", "100")
    config_edit.put("prices.gpt-5.1.output", "3")
    found = config.load()
    assert found.budget_monthly_usd == 100.0
    assert found.prices == {"claude-opus-5-5": {"input": 1.0}, "gpt-5.1": {"output": 3}}
    assert all(line in file.read_text() for line in MINE.splitlines())


@pytest.mark.parametrize(
    ("key", "value"),
    [("contnt", "none"), ("content", "full"), ("budget_daily_usd", "ten"), ("prices.m.inptu", "3"), ("prices.m", "3"),
     ("a b", "1"), ("content.x", "1"), ("timezone.x", "1")],
)  # fmt: skip
def test_what_is_not_right_is_not_written(file: Path, run_cli: Cli, key: str, value: str) -> None:
    done = run_cli("config", "set", key, value)
    assert (done.returncode, done.stderr.count("\n"), file.read_text()) == (1, 1, MINE)


def test_unset_takes_the_key_out_and_tables_that_become_empty(file: Path, run_cli: Cli) -> None:
    assert run_cli("config", "unset", 'prices."claude-opus-5-5".input').returncode == 0
    assert config.load().prices == {}
    assert "# my settings" in file.read_text()
    assert "was not set" in run_cli("config", "unset", "machine_id").stdout
    assert run_cli("config", "unset", "nonesuch").returncode == 1


def test_a_new_file_is_private_and_a_links_target_is_kept(tmp_path: Path) -> None:
    config_edit.put("content", "none")
    file = paths.config_file()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    real = tmp_path / "dotfiles.toml"
    file.rename(real)
    file.symlink_to(real)
    config_edit.put("content", "redacted")
    assert file.is_symlink() and 'content = "redacted"' in real.read_text()


def test_a_file_with_a_mistake_is_not_touched(file: Path, run_cli: Cli) -> None:
    file.write_text(MINE + "content = \n")
    done = run_cli("config", "set", "content", "none")
    assert done.returncode == 1 and "not TOML" in done.stderr
    assert file.read_text() == MINE + "content = \n"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    model=st.text("abc.-_0 \"'é", min_size=1, max_size=12),
    price=st.floats(0, 1e6, allow_nan=False),
    remark=st.text("ab #[]='\"", max_size=20),
)
def test_any_model_name_can_be_priced_and_remarks_stay(model: str, price: float, remark: str) -> None:
    file = paths.config_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"# {remark}\ncontent = 'none' # {remark}\n")
    config_edit.put(f"prices.{json.dumps(model, ensure_ascii=False)}.input", repr(price))
    assert config.load().prices == {model: {"input": price}}
    assert file.read_text().count(f"# {remark}") >= (2 if remark.strip() else 1)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("content = 'none'\nbudget_daily_usd = 'x'\ntimezone = 'UTC'", Damaged(content="none", timezone="UTC")),
        ("content = 'nothing'", Damaged(content="none")),
        ("content = none", Damaged(content="none")),
        ("[prices.m]\ninput = 'x'\n[tools]", Damaged()),
        ("= broken", Damaged()),
    ],
    ids=["wrong type", "unknown value", "no TOML, none", "wrong price", "no TOML"],
)
def test_recording_uses_what_is_right_and_rather_keeps_no_text(text: str, found: Config) -> None:
    paths.config_file().parent.mkdir(parents=True)
    paths.config_file().write_text(text)
    assert config.lenient() == found


def test_keys_that_are_none_are_refused() -> None:
    for key in ("", "=", "a..b", "[x]"):
        with pytest.raises(ClaudeMetricsError):
            config_edit.split(key)


def test_a_time_zone_that_does_not_exist_is_not_written(run_cli: Cli) -> None:
    done = run_cli("config", "set", "timezone", "Mars")
    assert done.returncode == 1 and "no time zone `Mars`" in done.stderr
    assert run_cli("config", "get", "timezone").stdout.strip() == ""
