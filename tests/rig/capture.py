"""Keep what a run left: the client's own files, the hook calls, and what was really served."""

import json
import os
import re
import shutil
from pathlib import Path

from .api import Json
from .claude import ClaudeRig
from .claude_api import full_usage
from .rig import Rig, add_up

KEPT = {"gemini-cli": ".gemini", "codex-cli": ".codex", "opencode": ".local/share/opencode"}


def save(rig: Rig, out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    if rig.hooks_file.exists():
        shutil.copy(rig.hooks_file, out)
    if isinstance(rig, ClaudeRig):
        save_claude(rig, out)
    else:
        shutil.copytree(rig.home / KEPT[rig.agent], out / "home" / KEPT[rig.agent], symlinks=True)
        write_json(out / "truth.json", truth(rig))
    neutralise(out, rig)


def save_claude(rig: ClaudeRig, out: Path) -> None:
    if (rig.config_dir / "projects").exists():
        shutil.copytree(rig.config_dir / "projects", out / "projects")
    (out / "api.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in rig.api.served))
    write_json(out / "oracle.json", oracle(rig))


def oracle(rig: ClaudeRig) -> Json:
    version = rig.command(rig.client, "--version").stdout.strip()
    sessions = {session: session_of(rig, session) for session in rig.sessions()}
    runs = [{"rc": code, "result": result} for code, result in zip(rig.exit_codes, rig.results, strict=True)]
    return {"client_version": version, "sessions": sessions, "commits": rig.commits(), "runs": runs}


def session_of(rig: ClaudeRig, session: str) -> Json:
    mine = [given for given in rig.hooks() if given["session_id"] == session]
    total = rig.cost_state(session) or {}
    return {
        "client_cost_usd": total.get("totalCostUSD"),
        "client_model_usage": total.get("modelUsage"),
        "client_lines": [total.get("totalLinesAdded"), total.get("totalLinesRemoved")],
        "started": [given["source"] for given in mine if given["hook_event_name"] == "SessionStart"],
        "ended": [given["reason"] for given in mine if given["hook_event_name"] == "SessionEnd"],
        "served_usage": [served(entry) for entry in rig.requests() if entry["session"] == session],
    }


def served(entry: Json) -> Json:
    usage = full_usage(entry["answer"].get("usage"))
    return {"requested": entry["model"], "request_id": entry["request_id"], **entry["answer"], "usage": usage}


def truth(rig: Rig) -> Json:
    answered = [entry for entry in rig.api.served if entry["usage"]]
    tokens = {
        kind: add_up([(e["model"], rig.columns(e["usage"])) for e in answered if e["kind"] == kind])
        for kind in sorted({entry["kind"] for entry in answered})
    }
    return {
        "client": rig.agent,
        "scenario": rig.scenario["name"],
        "prompts": [prompt for run in rig.scenario["runs"] for prompt in run["prompts"]],
        "tokens_by_kind": tokens,
        "tool_calls": [call for entry in answered for call in entry["calls"]],
        "commits": rig.commits(),
        "api_responses": rig.api.served,
        "exit_codes": rig.exit_codes,
    }


def write_json(path: Path, content: Json) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


# -- the machine's paths become /home/dev ------------------------------------------------------------------------------


def slug(path: Path | str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "-", str(path))


def swaps(rig: Rig) -> list[tuple[str, str]]:
    return [
        *[(str(rig.home), "/home/dev"), (slug(rig.home), "-home-dev"), (str(rig.root), "/home/dev/rig")],
        *[(slug(rig.root), "-home-dev-rig"), (str(Path(__file__).parent), "/home/dev/rig")],
        (f"Linux {os.uname().release}", "Linux 6.8.0"),
    ]


def neutralise(folder: Path, rig: Rig) -> None:
    """In file names and texts; a database keeps the paths of the HOME it was made in."""
    for path in sorted(folder.rglob("*"), key=lambda path: -len(path.parts)):
        if path.is_file() and path.suffix in (".json", ".jsonl"):
            path.write_text(swap(path.read_text(errors="surrogateescape"), rig), errors="surrogateescape")
        if swap(path.name, rig) != path.name:
            path.rename(path.with_name(swap(path.name, rig)))


def swap(text: str, rig: Rig) -> str:
    for old, new in swaps(rig):
        text = text.replace(old, new)
    return text
