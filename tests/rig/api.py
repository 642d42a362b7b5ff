"""A model API on loopback that answers from a script and remembers what it served."""

import json
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Self

Json = dict[str, Any]


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Exchange(BaseHTTPRequestHandler):
    """One request, and the ways to answer it: a JSON object or a stream of server-sent events."""

    protocol_version = "HTTP/1.1"
    api: ClassVar["Api"]

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self.api.answer_get(self)

    do_HEAD = do_GET

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers.get("content-length") or 0)).decode("utf-8", "replace")
        try:
            body = json.loads(text or "{}")
        except ValueError:
            body = {}
        with suppress(BrokenPipeError, ConnectionResetError):
            self.api.answer(self, body, text)

    @property
    def route(self) -> str:
        return self.path.split("?")[0]

    def send_json(self, answer: Json, status: int = 200, headers: Json | None = None) -> None:
        data = json.dumps(answer).encode()
        self.send_response(status)
        for key, value in {"content-type": "application/json", "content-length": len(data), **(headers or {})}.items():
            self.send_header(key, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def start_stream(self, headers: Json | None = None) -> None:
        self.send_response(200)
        for key, value in {"content-type": "text/event-stream", "connection": "close", **(headers or {})}.items():
            self.send_header(key, str(value))
        self.end_headers()
        self.close_connection = True

    def send_event(self, data: Json | str, name: str | None = None) -> None:
        head = f"event: {name}\n" if name else ""
        said = data if isinstance(data, str) else json.dumps(data)
        self.wfile.write(f"{head}data: {said}\n\n".encode())
        self.wfile.flush()


class Api:
    """`with SomeApi(script) as api: api.url`; serves until the block ends."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.served: list[Json] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Exchange", (Exchange,), {"api": self}))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def answer(self, exchange: Exchange, body: Json, text: str) -> None:
        raise NotImplementedError

    def answer_get(self, exchange: Exchange) -> None:
        exchange.send_json({"error": {"message": "not found"}}, 404)


class StepsApi(Api):
    """Answers with `steps` in order. A step:

    {"text": "...", "thought": "...",
     "calls": [{"name": ..., "args": {...}, "ok": true}],
     "usage": {...},          in the words of `full_usage`
     "match": "substring",    only for requests whose body has it; "not_match" the opposite
     "kind": "subagent",      default "main"
     "status": 503}           an HTTP error instead of an answer

    An API may add `asked`, what the request said of itself, before the step is recorded.
    """

    full_usage: Callable[[Json], Json]  # a step's usage -> as the API spells it
    counted: Callable[[Json], Json]  # as the API spells it -> the columns of token_usage

    def __init__(self, steps: Iterable[Json]) -> None:
        super().__init__()
        self.left = list(steps)

    def next_step(self, text: str) -> Json:
        with self.lock:
            fitting = [step for step in self.left if self.fits(step, text)]
            if not fitting:
                return {"text": "(nothing more in the script)", "usage": None}
            chosen = max(fitting, key=lambda step: "match" in step)  # the first of those that ask for this request
            self.left.remove(chosen)
            return chosen

    @staticmethod
    def fits(step: Json, text: str) -> bool:
        return step.get("match", "") in text and not ("not_match" in step and step["not_match"] in text)

    def record(self, step: Json, model: str, usage: Json | None) -> None:
        calls = [{"name": call["name"], "ok": call.get("ok", True)} for call in step.get("calls", [])]
        entry = {"t": now(), "kind": step.get("kind", "main"), "model": model, "text": step.get("text")}
        entry |= step.get("asked", {})
        with self.lock:
            self.served.append({**entry, "calls": calls, "usage": usage, "status": step.get("status", 200)})

    def take(self, exchange: Exchange, step: Json, model: str) -> Json | None:
        """Record the step and give its usage; None when it was an error, which is answered here."""
        usage = self.full_usage(step["usage"]) if step.get("usage") else None
        if step.get("status"):
            self.record(step, model, None)
            exchange.send_json({"error": {"message": "scripted error", "type": "server_error"}}, step["status"])
            return None
        usage = usage or self.full_usage({})
        self.record(step, model, usage)
        return usage


def wait_until(condition: Callable[[], Any], seconds: float, what: str, every_s: float = 0.1) -> Any:
    """The first true value of `condition`, or a TimeoutError that names what was awaited."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(every_s)
    raise TimeoutError(f"waited {seconds:.0f} s in vain for {what}")
