"""Codex CLI: its API, its settings, its runs."""

import itertools
import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

from .agents import AgentRig
from .api import Exchange, Json, StepsApi
from .terminal import Terminal

EVENTS = (
    "SessionStart",
    "SessionEnd",
    "UserPromptSubmit",
    "PreToolUse",
    "PostToolUse",
    "Stop",
    "SubagentStart",
    "SubagentStop",
    "PreCompact",
    "PostCompact",
)
TITLE = {"kind": "utility", "text": '{"title":"Demo task"}', "usage": {"input": 900, "output": 8}}
CONFIG = """\
model = "{model}"
model_provider = "fake"
approval_policy = "never"
sandbox_mode = "danger-full-access"
check_for_update_on_startup = false

[model_providers.fake]
name = "Fake"
base_url = "{url}/v1"
wire_api = "responses"
env_key = "FAKE_API_KEY"
request_max_retries = 2
stream_max_retries = 2

[analytics]
enabled = false

[feedback]
enabled = false

[projects."{project}"]
trust_level = "trusted"

[notice]
hide_full_access_warning = true
hide_rate_limit_model_nudge = true

[notice.model_migrations]
"gpt-5.5" = "gpt-6-sol"

[tui]
screen_reader_detection_done = true
"""
serial = itertools.count(1)


def full_usage(given: Json) -> Json:
    usage = given or {"input": 50, "output": 5}
    return {
        "input_tokens": usage["input"],
        "input_tokens_details": {"cached_tokens": usage.get("cached", 0)},
        "output_tokens": usage["output"],
        "output_tokens_details": {"reasoning_tokens": usage.get("reasoning", 0)},
        "total_tokens": usage["input"] + usage["output"],
    }


def columns(usage: Json) -> Json:
    """Input includes the cached part, output includes reasoning."""
    cached = usage["input_tokens_details"]["cached_tokens"]
    return {
        "input_tokens": usage["input_tokens"] - cached,
        "output_tokens": usage["output_tokens"],
        "cache_read_tokens": cached,
        "reasoning_tokens": usage["output_tokens_details"]["reasoning_tokens"],
    }


class CodexApi(StepsApi):
    """A step of the kind "subagent" is for a spawned agent's request, every other for the session's own."""

    full_usage = staticmethod(full_usage)

    @staticmethod
    def fits(step: Json, text: str) -> bool:
        spawned = '"x-openai-subagent"' in text
        return (step.get("kind") == "subagent") == spawned and StepsApi.fits(step, text)

    def answer_get(self, exchange: Exchange) -> None:
        exchange.send_json({"object": "list", "data": [], "models": []})

    def answer(self, exchange: Exchange, body: Json, text: str) -> None:
        if "/responses" not in exchange.path:
            return exchange.send_json({"error": {"message": "not found"}}, 404)
        model = body.get("model", "?")
        asks_title = (body.get("text") or {}).get("format")
        step = (TITLE if asks_title else self.next_step(text)) | {"asked": asked(exchange, body)}
        usage = self.take(exchange, step, model)
        if usage is None:
            return None
        if exchange.route.endswith("/compact"):
            return exchange.send_json({"output": [summary(step)], "usage": usage})
        return self.stream(exchange, with_agent_id(step, text), model, usage)

    def stream(self, exchange: Exchange, step: Json, model: str, usage: Json) -> None:
        def send(name: str, **data: object) -> None:
            exchange.send_event({"type": name, **data}, name)

        response = {"id": f"resp_fake_{next(serial)}", "object": "response"}
        exchange.start_stream()
        send("response.created", response={**response, "status": "in_progress"})
        for index, item in enumerate(items(step)):
            send("response.output_item.added", output_index=index, item=item)
            if item["type"] == "message":
                place = {"output_index": index, "item_id": item["id"], "content_index": 0}
                send("response.output_text.delta", **place, delta=item["content"][0]["text"])
            send("response.output_item.done", output_index=index, item=item)
        done = {**response, "status": "completed", "model": model, "usage": usage, "output": []}
        send("response.completed", response=done)


def asked(exchange: Exchange, body: Json) -> Json:
    """Who asked, as the request's headers name it, and for which tier."""
    head = exchange.headers
    return {"session": head["session-id"], "thread": head["thread-id"], "tier": body.get("service_tier")}


def summary(step: Json) -> Json:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": step.get("text", "summary")}]}


def with_agent_id(step: Json, request: str) -> Json:
    """Put the id that an earlier spawn_agent returned in the place of `$AGENT_ID`."""
    found = re.search(r'agent_id[\\"]+:\s*[\\"]+([0-9a-f-]{36})', request)
    return json.loads(json.dumps(step).replace("$AGENT_ID", found[1] if found else "unknown"))


def items(step: Json) -> Iterator[Json]:
    if step.get("thought"):
        thought = [{"type": "summary_text", "text": step["thought"]}]
        yield {"type": "reasoning", "id": f"rs_{next(serial)}", "encrypted_content": "ZmFrZQ==", "summary": thought}
    if step.get("text"):
        text = [{"type": "output_text", "text": step["text"], "annotations": []}]
        own = {"id": f"msg_{next(serial)}", "role": "assistant", "status": "completed"}
        yield {"type": "message", **own, "content": text}
    yield from map(call_item, step.get("calls", []))


def call_item(call: Json) -> Json:
    base = {"id": f"fc_{next(serial)}", "call_id": f"call_{next(serial)}", "name": call["name"], "status": "completed"}
    if call.get("custom"):
        return {"type": "custom_tool_call", "input": call["input"], **base}
    namespace = {"namespace": call["namespace"]} if "namespace" in call else {}
    return {"type": "function_call", "arguments": json.dumps(call.get("args", {})), **base, **namespace}


class CodexRig(AgentRig):
    agent = "codex-cli"
    api_type = CodexApi
    columns = staticmethod(columns)
    ready = "permissions: YOLO mode"
    leave = "/quit"

    def configure(self) -> None:
        model = self.scenario["runs"][0].get("model", "gpt-5.5")
        config = CONFIG.format(model=model, url=self.api.url, project=self.project)
        self.write(".codex/config.toml", self.scenario.get("config", "") + config)
        entry = {"type": "command", "command": self.recorder(), "timeout": 3}
        hooks = {event: [{"hooks": [entry]}] for event in EVENTS}
        self.write(".codex/hooks.json", json.dumps({"hooks": hooks}, indent=2) + "\n")

    def client_env(self) -> dict[str, str]:
        return {"FAKE_API_KEY": "dummy"}

    def argv(self, run: Json) -> list[str]:
        # A new hook runs only once its user has approved it; this flag approves all for one run.
        trust = "--dangerously-bypass-hook-trust"
        model = ["-m", run["model"]] if run.get("model") else []
        args = [self.first_session() if arg == "{first}" else arg for arg in run.get("args", [])]
        if self.interactive(run):
            return [self.client, trust, *model, *args]
        return [self.client, "exec", trust, *model, *args, *run["prompts"]]

    def first_session(self) -> str:
        """The session that the first run began; a later run's arguments name it `{first}`."""
        return str(self.hooks("SessionStart")[0]["session_id"])

    def once(self, run: Json) -> None:
        self.age(run.get("idle_days", 0))
        super().once(run)

    def age(self, days: float) -> None:
        """Let the rollouts look untouched for so long, and the client's own look at them as long ago."""
        then = time.time() - days * 86400
        looked = (self.home / ".codex" / ".tmp").glob("rollout-*.lock")
        for path in [*self.rollouts(), *looked] if days else []:
            os.utime(path, (then, then))

    def rollouts(self) -> list[Path]:
        return sorted((self.home / ".codex" / "sessions").rglob("rollout-*"))

    def wait_ready(self, terminal: Terminal) -> None:
        newer = "Use existing model"  # of the dialog that offers a newer model, before all else
        terminal.wait_for(f"{newer}|{re.escape(self.ready)}", 60)
        if newer in terminal.screen():
            terminal.key("Down")
            terminal.key("Enter")
        super().wait_ready(terminal)
