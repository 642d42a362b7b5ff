"""Gemini CLI: its API, its settings, its runs."""

import json
import re

from .agents import AgentRig
from .api import Exchange, Json, StepsApi

EVENTS = ("SessionStart", "SessionEnd", "BeforeAgent", "AfterAgent", "BeforeTool", "AfterTool", "PreCompress")
UTILITY = {"kind": "utility", "usage": {"promptTokenCount": 310, "candidatesTokenCount": 11}}
PARTS = ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "toolUsePromptTokenCount")


def full_usage(given: Json) -> Json:
    usage = given or {"promptTokenCount": 50, "candidatesTokenCount": 5}
    return {**usage, "totalTokenCount": sum(usage.get(key, 0) for key in PARTS)}


def columns(usage: Json) -> Json:
    """Prompt counts include the cached part; thoughts are billed as output, tool results as input."""
    cached = usage.get("cachedContentTokenCount", 0)
    thoughts = usage.get("thoughtsTokenCount", 0)
    return {
        "input_tokens": usage["promptTokenCount"] - cached + usage.get("toolUsePromptTokenCount", 0),
        "output_tokens": usage["candidatesTokenCount"] + thoughts,
        "cache_read_tokens": cached,
        "reasoning_tokens": thoughts,
    }


def example_for(schema: Json) -> object:
    """A value that satisfies a JSON schema well enough for the client's side requests."""
    if schema.get("enum"):
        return schema["enum"][0]
    kind = str(schema.get("type", "object")).lower()
    if kind == "object":
        return {key: example_for(part) for key, part in schema.get("properties", {}).items()}
    return {"string": "ok", "array": [], "boolean": False, "integer": 1, "number": 1}.get(kind)


class GeminiApi(StepsApi):
    full_usage = staticmethod(full_usage)

    def answer(self, exchange: Exchange, body: Json, text: str) -> None:
        found = re.search(r"/models/([^:/?]+):(\w+)", exchange.path)
        if not found:
            return exchange.send_json({}, 404)
        model, method = found.groups()
        if method == "countTokens":
            return exchange.send_json({"totalTokens": 100})
        config = body.get("generationConfig") or {}
        schema = config.get("responseJsonSchema") or config.get("responseSchema")
        if schema or method == "generateContent":
            return self.side(exchange, model, method, schema)
        return self.main(exchange, model, self.next_step(text))

    def side(self, exchange: Exchange, model: str, method: str, schema: Json | None) -> None:
        usage = self.take(exchange, UTILITY, model)
        reply = json.dumps(example_for(schema)) if schema else "A short demo session"
        answer = chunk(model, [{"text": reply}], usage, "STOP")
        if method == "generateContent":
            return exchange.send_json(answer)
        exchange.start_stream()
        return exchange.send_event(answer)

    def main(self, exchange: Exchange, model: str, step: Json) -> None:
        usage = self.take(exchange, step, model)
        if usage is None:
            return
        early = dict.fromkeys(("promptTokenCount", "totalTokenCount"), usage["promptTokenCount"])
        exchange.start_stream()
        if step.get("thought"):
            exchange.send_event(chunk(model, [{"text": step["thought"], "thought": True}], early))
        parts = []
        if step.get("text"):
            half = len(step["text"]) // 2
            exchange.send_event(chunk(model, [{"text": step["text"][:half]}], early))
            parts.append({"text": step["text"][half:]})
        parts += [{"functionCall": {"name": call["name"], "args": call["args"]}} for call in step.get("calls", [])]
        exchange.send_event(chunk(model, parts, usage, "STOP"))


def chunk(model: str, parts: list[Json], usage: Json | None, finish: str | None = None) -> Json:
    candidate: Json = {"index": 0, "content": {"role": "model", "parts": parts}}
    if finish:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": model, "responseId": "fake-response"}


class GeminiRig(AgentRig):
    agent = "gemini-cli"
    api_type = GeminiApi
    columns = staticmethod(columns)
    ready = "Type your message"
    leave = "/quit"

    def configure(self) -> None:
        entry = {"name": "rig", "type": "command", "command": self.recorder(), "timeout": 30000}
        settings = {
            "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": False}},
            "privacy": {"usageStatisticsEnabled": False},
            "telemetry": {"enabled": False},
            "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
            "ui": {"hideTips": True, "hideBanner": True},
            "ide": {"enabled": False},
            "hooks": {event: [{"matcher": "*", "hooks": [entry]}] for event in EVENTS},
        }
        self.write(".gemini/settings.json", json.dumps(settings, indent=2) + "\n")

    def client_env(self) -> dict[str, str]:
        switches = {"GEMINI_CLI_TRUST_WORKSPACE": "true", "NO_BROWSER": "1"}
        return {"GEMINI_API_KEY": "dummy", "GOOGLE_GEMINI_BASE_URL": self.api.url, **switches}

    def argv(self, run: Json) -> list[str]:
        argv = [self.client, "-m", run["model"], "--approval-mode", "yolo", *run.get("args", [])]
        return argv if self.interactive(run) else [*argv, "-p", run["prompts"][0]]
