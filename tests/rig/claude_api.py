"""The Messages API from a script of named threads, each with turns that are used up in order.

A request goes to the first thread whose `match` fits it; requests that fit none (session titles, the client's other
small background calls) get the scenario's `side` answer.

    {"threads": [{"name": "main", "match": {"text": "add tests"}, "turns": [TURN, ...], "then": TURN}], "side": TURN}

match  `text` / `first` / `last`: substring of any / the first / the last user message; `system`: of the system prompt;
       `model`: of the requested model; `json`: of the whole body; `tools`: whether the request offers tools.
TURN   `content`: blocks, or a string for one text block; `usage`; `start_usage`: for message_start where it differs;
       `model`, `stop_reason`, `stop_details`: of the answer; `error`: {"status", "type", "message"} instead of one;
       `stream_error`: the same in mid-stream; `drop_after`: "message_start" or "content", cut the connection there;
       `delay_s`: before answering, `chunk_delay_s`: between blocks.
"""

import copy
import hashlib
import json
import time
from collections.abc import Iterable, Iterator

from .api import Api, Exchange, Json

USAGE = {
    "input_tokens": 10,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
    "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
    "output_tokens": 5,
    "service_tier": "standard",
}
SIDE = {"content": '{"title": "Scripted session"}'}
NOTED = ("usage", "error", "drop_after", "model", "stream_error")


def full_usage(given: Json | None) -> Json:
    """A whole usage object from the few numbers a scenario gives."""
    usage = {**copy.deepcopy(USAGE), **(given or {})}
    if "cache_creation_input_tokens" not in (given or {}):
        usage["cache_creation_input_tokens"] = sum(usage["cache_creation"].values())
    return usage


def text_of(message: Json) -> str:
    content = message.get("content") or []
    return content if isinstance(content, str) else "\n".join(block.get("text", "") for block in content)


def user_texts(body: Json) -> list[str]:
    return [text_of(message) for message in body.get("messages", []) if message.get("role") == "user"]


def fits(match: Json, body: Json) -> bool:
    users = user_texts(body) or [""]
    found = {
        "text": "\n".join(users),
        "first": users[0],
        "last": users[-1],
        "system": text_of({"content": body.get("system")}),
        "model": body.get("model", ""),
        "json": json.dumps(body, ensure_ascii=False),
    }
    has_tools = bool(body.get("tools"))
    wanted = {key: text for key, text in match.items() if key != "tools"}
    return match.get("tools", has_tools) == has_tools and all(text in found[key] for key, text in wanted.items())


class ClaudeApi(Api):
    def __init__(self, script: Json) -> None:
        super().__init__()
        self.threads = [{**thread, "turns": list(thread.get("turns", []))} for thread in script.get("threads", [])]
        self.side = script.get("side", SIDE)
        # Ids differ between scenarios, as real ones do between sessions.
        self.tag = hashlib.sha1(script.get("name", "").encode()).hexdigest()[:10]
        self.count = 0

    def choose(self, body: Json) -> tuple[str, Json, int]:
        with self.lock:
            self.count += 1
            for thread in self.threads:
                if (thread["turns"] or "then" in thread) and fits(thread.get("match", {}), body):
                    turn = thread["turns"].pop(0) if thread["turns"] else thread["then"]
                    return thread["name"], turn, self.count
            return "side", self.side, self.count

    def answer(self, exchange: Exchange, body: Json, text: str) -> None:
        if exchange.route.endswith("/count_tokens"):
            return exchange.send_json({"input_tokens": len(text) // 4})
        if not exchange.route.endswith("/v1/messages"):
            return exchange.send_json({"type": "error", "error": {"type": "not_found_error", "message": "no"}}, 404)
        thread, turn, number = self.choose(body)
        request_id = f"req_01{self.tag}{number:04d}"
        self.record(exchange, body, thread, turn, request_id)
        time.sleep(turn.get("delay_s", 0))
        headers = {"request-id": request_id}
        if "error" in turn:
            return exchange.send_json(error_of(turn["error"]), turn["error"].get("status", 500), headers)
        message = self.message(turn, body, number)
        if not body.get("stream"):
            return exchange.send_json(message, headers=headers)
        exchange.start_stream(headers)
        return stream(exchange, turn, message)

    def record(self, exchange: Exchange, body: Json, thread: str, turn: Json, request_id: str) -> None:
        entry = {
            "at": round(time.time(), 3),
            "session": exchange.headers.get("x-claude-code-session-id"),
            "thread": thread,
            "request_id": request_id,
            "model": body.get("model"),
            "stream": bool(body.get("stream")),
            "answer": {key: turn[key] for key in NOTED if key in turn},
        }
        with self.lock:
            self.served.append(entry)

    def message(self, turn: Json, body: Json, number: int) -> Json:
        content = turn.get("content", "ok")
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else [dict(block) for block in content]
        for index, block in enumerate(blocks):
            if block["type"] in ("tool_use", "server_tool_use"):
                block.setdefault("id", f"toolu_01{self.tag}{number:04d}{index:02d}")
                block.setdefault("input", {})
        uses_tool = any(block["type"] == "tool_use" for block in blocks)
        return {
            "id": f"msg_01{self.tag}{number:04d}",
            "type": "message",
            "role": "assistant",
            "model": turn.get("model") or body.get("model", "").replace("[1m]", ""),
            "content": blocks,
            "stop_reason": turn.get("stop_reason") or ("tool_use" if uses_tool else "end_turn"),
            "stop_sequence": None,
            **({"stop_details": turn["stop_details"]} if "stop_details" in turn else {}),
            "usage": full_usage(turn.get("usage")),
        }


def error_of(given: Json) -> Json:
    said = {"type": given.get("type", "api_error"), "message": given.get("message", "scripted error")}
    return {"type": "error", "error": said}


def stream(exchange: Exchange, turn: Json, message: Json) -> None:
    """The answer as server-sent events, cut off where the turn says so."""
    for stage in stages(turn, message):
        for name, data in stage:
            exchange.send_event({"type": name, **data}, name)
            if name == "content_block_stop":
                time.sleep(turn.get("chunk_delay_s", 0))


def stages(turn: Json, message: Json) -> Iterator[Iterable[tuple[str, Json]]]:
    usage = message["usage"]
    start = full_usage(turn["start_usage"]) if "start_usage" in turn else {**usage, "output_tokens": 1}
    yield [("message_start", {"message": {**message, "content": [], "stop_reason": None, "usage": start}})]
    if turn.get("drop_after") == "message_start":
        return
    for index, block in enumerate(message["content"]):
        yield ((name, {"index": index, **data}) for name, data in block_events(block))
    if "stream_error" in turn:
        yield [("error", error_of(turn["stream_error"]))]
    elif turn.get("drop_after") != "content":
        ending = {key: message[key] for key in ("stop_reason", "stop_sequence", "stop_details") if key in message}
        yield [("message_delta", {"delta": ending, "usage": usage}), ("message_stop", {})]


def block_events(block: Json) -> Iterator[tuple[str, Json]]:
    opening, deltas = block, []
    if block["type"] == "text":
        half = max(1, len(block["text"]) // 2)
        pieces = (block["text"][:half], block["text"][half:])
        opening = {"type": "text", "text": ""}
        deltas = [{"type": "text_delta", "text": piece} for piece in pieces if piece]
    elif block["type"] == "thinking":
        opening = {"type": "thinking", "thinking": "", "signature": ""}
        deltas = [
            {"type": "thinking_delta", "thinking": block["thinking"]},
            {"type": "signature_delta", "signature": "c2NyaXB0ZWQ="},
        ]
    elif block["type"] in ("tool_use", "server_tool_use"):
        opening = {**block, "input": {}}
        deltas = [{"type": "input_json_delta", "partial_json": json.dumps(block["input"])}]
    yield "content_block_start", {"content_block": opening}
    for delta in deltas:
        yield "content_block_delta", {"delta": delta}
    yield "content_block_stop", {}
