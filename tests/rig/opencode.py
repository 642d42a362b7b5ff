"""OpenCode: its API, its configuration, its runs."""

import itertools
import json

from .agents import AgentRig
from .api import Exchange, Json, StepsApi
from .rig import HERE

TITLE = {"kind": "utility", "text": "Demo session title", "usage": {"input": 400, "output": 6}}
PRICES = {"fake-large": (2, 8, 0.2), "fake-small": (0.5, 1.5, 0.05)}  # dollars per million: input, output, cache read
serial = itertools.count(1)


def full_usage(given: Json) -> Json:
    usage = given or {"input": 50, "output": 5}
    return {
        "prompt_tokens": usage["input"],
        "completion_tokens": usage["output"],
        "total_tokens": usage["input"] + usage["output"],
        "prompt_tokens_details": {"cached_tokens": usage.get("cached", 0)},
        "completion_tokens_details": {"reasoning_tokens": usage.get("reasoning", 0)},
    }


def columns(usage: Json) -> Json:
    """The prompt includes the cached part, the completion includes reasoning."""
    cached = usage["prompt_tokens_details"]["cached_tokens"]
    return {
        "input_tokens": usage["prompt_tokens"] - cached,
        "output_tokens": usage["completion_tokens"],
        "cache_read_tokens": cached,
        "reasoning_tokens": usage["completion_tokens_details"]["reasoning_tokens"],
    }


class OpencodeApi(StepsApi):
    full_usage = staticmethod(full_usage)

    def answer_get(self, exchange: Exchange) -> None:
        exchange.send_json({"object": "list", "data": []})

    def answer(self, exchange: Exchange, body: Json, text: str) -> None:
        if not exchange.route.endswith("/chat/completions"):
            return exchange.send_json({"error": {"message": "not found"}}, 404)
        model = body.get("model", "?")
        step = self.next_step(text) if body.get("tools") else TITLE
        usage = self.take(exchange, step, model)
        return None if usage is None else self.stream(exchange, step, model, usage)

    def stream(self, exchange: Exchange, step: Json, model: str, usage: Json) -> None:
        head = {"id": f"chatcmpl-fake{next(serial)}", "object": "chat.completion.chunk", "created": 0, "model": model}

        def send(delta: Json, finish: str | None = None) -> None:
            exchange.send_event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

        exchange.start_stream()
        send({"role": "assistant", "content": ""})
        if step.get("thought"):
            send({"reasoning_content": step["thought"]})
        if step.get("text"):
            send({"content": step["text"]})
        for index, call in enumerate(step.get("calls", [])):
            send({"tool_calls": [tool_call(index, call)]})
        send({}, "tool_calls" if step.get("calls") else "stop")
        exchange.send_event({**head, "choices": [], "usage": usage})
        exchange.send_event("[DONE]")


def tool_call(index: int, call: Json) -> Json:
    function = {"name": call["name"], "arguments": json.dumps(call.get("args", {}))}
    return {"index": index, "id": f"call_{next(serial)}", "type": "function", "function": function}


def model(name: str) -> Json:
    price_in, price_out, price_read = PRICES[name]
    cost = {"input": price_in, "output": price_out, "cache_read": price_read}
    limit = {"context": 200000, "output": 8192}
    return {"name": name, "reasoning": True, "tool_call": True, "limit": limit, "cost": cost}


class OpencodeRig(AgentRig):
    agent = "opencode"
    api_type = OpencodeApi
    columns = staticmethod(columns)
    ready = "Ask anything"
    leave = "/exit"

    def configure(self) -> None:
        provider = {
            "npm": "@ai-sdk/openai-compatible",
            "name": "Fake",
            "options": {"baseURL": f"{self.api.url}/v1", "apiKey": "dummy"},
            "models": {name: model(name) for name in PRICES},
        }
        config = {
            "$schema": "https://opencode.ai/config.json",
            "autoupdate": False,
            "share": "disabled",
            "snapshot": False,
            "model": "fake/fake-large",
            "small_model": "fake/fake-small",
            "permission": "allow",
            "provider": {"fake": provider},
        }
        self.write(".config/opencode/opencode.json", json.dumps(config, indent=2) + "\n")
        self.write(".config/opencode/plugins/recorder.js", (HERE / "record_plugin.js").read_text())

    def client_env(self) -> dict[str, str]:
        off = ("AUTOUPDATE", "MODELS_FETCH", "LSP_DOWNLOAD", "SHARE")
        return {"RIG_HOOKS": str(self.hooks_file), **{f"OPENCODE_DISABLE_{name}": "1" for name in off}}

    def argv(self, run: Json) -> list[str]:
        model = ["-m", run["model"]] if run.get("model") else []
        if self.interactive(run):
            return [self.client, *model, *run.get("args", [])]
        return [self.client, "run", *model, *run.get("args", []), *run["prompts"]]
