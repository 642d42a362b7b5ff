"""How the clients under test are fetched: once, and a machine that cannot have them says why."""

from pathlib import Path

import pytest

from tests.rig import clients

NPM_OK = 'mkdir -p "$3/node_modules/.bin"; echo x >> "$3/../count"; touch "$3/node_modules/.bin/codex"'


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """Replace npm by a shell script, and the cache by an empty folder."""
    outside = {"PATH": f"{tmp_path}/bin:/usr/bin:/bin", "CLAUDE_METRICS_TEST_CACHE": str(tmp_path / "cache")}
    monkeypatch.setattr(clients, "OUTSIDE", outside)
    monkeypatch.setenv("PATH", outside["PATH"])

    def write(script: str) -> Path:
        program = tmp_path / "bin" / "npm"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return tmp_path / "cache"

    return write


def test_installed_once(npm):
    cache = npm(NPM_OK)
    program = clients.ensure_client("codex-cli")
    assert program.exists()
    assert clients.ensure_client("codex-cli") == program
    assert (cache / "count").read_text() == "x\n"


def test_without_npm(npm, monkeypatch):
    monkeypatch.setitem(clients.OUTSIDE, "PATH", "/nonexistent")
    with pytest.raises(clients.ClientUnavailable, match="npm is not installed") as caught:
        clients.ensure_client("codex-cli")
    assert not caught.value.offline


@pytest.mark.parametrize("code", ["ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "E403", "SELF_SIGNED_CERT_IN_CHAIN"])
def test_without_a_registry(code, npm):
    npm(f"echo 'npm error code {code}' >&2; exit 1")
    with pytest.raises(clients.ClientUnavailable, match=code) as caught:
        clients.ensure_client("codex-cli")
    assert caught.value.offline
    npm(NPM_OK)
    with pytest.raises(clients.ClientUnavailable, match=code):  # not asked again for a while
        clients.ensure_client("codex-cli")


def test_another_fault_is_an_error(npm):
    npm("echo 'npm error code EINTEGRITY' >&2; exit 1")
    with pytest.raises(RuntimeError, match="EINTEGRITY"):
        clients.ensure_client("codex-cli")


def test_npm_is_given_up_on(npm):
    npm("exec sleep 60")
    with pytest.raises(clients.ClientUnavailable, match="longer than"):
        clients.ensure_client("codex-cli", timeout_s=0.5)
