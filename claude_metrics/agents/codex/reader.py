"""Read the records of a Codex CLI rollout into rows.

A rollout is one thread: the session itself, or a subagent whose `session_id` names the session it works for. The
model is the one of the last `turn_context` in file order, so a compaction counts for the model it ran on.
"""

from __future__ import annotations

from typing import Any

from claude_metrics import clock
from claude_metrics.agents._damage import FILLING
from claude_metrics.agents._json import Json, items, load, obj, text
from claude_metrics.agents.codex.calls import CALLS, TOOL_ITEMS, Calls
from claude_metrics.agents.codex.kinds import NOT_TYPED, SILENT_EVENTS, SILENT_ITEMS, SILENT_PARTS, SILENT_RECORDS
from claude_metrics.agents.codex.names import AGENT_TYPE, ROLLOUT, rollout_name
from claude_metrics.agents.codex.thread import Replay, ThreadBuilder
from claude_metrics.agents.codex.usage import Meter, Total, figures, tokens
from claude_metrics.models import Batch, Copy, Request, Source, key_of
from claude_metrics.text import session_name

FAST_TIERS = ("priority", "fast")  # as settings of this year and of the year before name it


class Reader(ThreadBuilder):
    """`state` is what the next piece of the same rollout needs to know."""

    def __init__(self, source: Source, state: Json) -> None:
        super().__init__(source, AGENT_TYPE, text(state.get("last")))
        named = ROLLOUT.search(rollout_name(source.path))
        self.root = named[1] if named else None
        self.thread = state.get("thread") or (named[2] if named else rollout_name(source.path))
        self.known = bool(state)
        self.home = state.get("home") or self.thread
        self.lineage = state.get("lineage") or self.thread
        self.model: str | None = state.get("model")
        self.turn = state.get("turn")
        self.cwd = state.get("cwd")
        self.meter = Meter(obj(state.get("meter")))
        self.named_session = bool(state.get("named_session"))
        self.replay = Replay(obj(state.get("replay")))
        self.tier: str | None = state.get("tier")
        self.tools = Calls(self, obj(state.get("tools")))
        self.prompts: int = state.get("prompts", 0)
        self.last_prompt: list[Any] = state.get("said", [])  # its turn and a key of its text

    def line(self, line: bytes) -> None:
        record = load(line) if line.strip(FILLING) else {}
        if record is None:
            for whole in self.recovered(line):
                self.line(whole)
        elif record:
            self.record(record)

    def record(self, record: Json) -> None:
        kind, payload = str(record.get("type")), obj(record.get("payload"))
        stamp = clock.normal(record.get("timestamp")) or self.last or clock.from_seconds(self.source.mtime_ns / 1e9)
        read = _RECORDS.get(kind)
        if kind != "session_meta" and self.is_replayed(kind, payload, stamp):
            self.replayed(kind, payload, stamp)
            return
        if read is not None:
            read(self, payload, stamp)
        elif kind not in SILENT_RECORDS:
            self.count_unknown(kind)
            return
        if self.known:
            self.see(self.home, stamp)

    # -- what the rollout is ----------------------------------------------------

    def is_replayed(self, kind: str, payload: Json, stamp: str) -> bool:
        """What names its thread is never taken for another's: so an agent's own settings right behind the copies."""
        named = kind == "token_usage_record" or payload.get("thread_id") == self.thread
        return not named and self.replay.holds(stamp)

    def replayed(self, kind: str, payload: Json, stamp: str) -> None:
        """The parent's rollout holds the same; only where the totals stand is needed from here.

        Clients without `session_id` (0.145) have no records either: there the copy has the original's key, and says
        that the request is the parent's.
        """
        if kind == "turn_context":
            self.turn, self.model = text(payload.get("turn_id")), text(payload.get("model")) or self.model
            self.meter.begin_turn()
        elif payload.get("type") == "agent_message" or payload.get("role") == "assistant":
            self.meter.answered = True
        elif payload.get("type") == "thread_settings_applied":
            self.thread_settings_applied(payload, stamp)
        elif payload.get("type") == "token_count" and obj(obj(payload.get("info")).get("total_token_usage")):
            usage = self.meter.grown(payload) if self.replay.restamped and not self.named_session else None
            if usage:
                self.add(self.total_key(), usage, stamp, self.home, None, self.tier)
            self.meter.begin_at(payload)

    def session_meta(self, meta: Json, stamp: str) -> None:
        parent = text(meta.get("forked_from_id"))
        self.lineage = parent or text(meta.get("id")) or self.lineage
        if self.known:  # a line that an older fork copied
            return
        self.known = True
        spawn = obj(obj(obj(meta.get("source")).get("subagent")).get("thread_spawn"))
        self.thread = session_name(self.thread if self.root else text(meta.get("id")) or self.thread)
        self.named_session = text(meta.get("session_id")) is not None
        session = text(meta.get("session_id")) or text(spawn.get("parent_thread_id")) or self.thread
        self.home = self.thread if self.root else session_name(session)
        self.meter = Meter({}, forked=parent is not None or bool(spawn))
        if self.agent_id is not None:
            self.replay.begin(clock.normal(meta.get("timestamp")), restamped=parent is not None)
        self.cwd = text(meta.get("cwd"))
        if self.agent_id is None:
            self.main_meta(meta, parent)
        self.work_in(self.cwd)

    def main_meta(self, meta: Json, parent: str | None) -> None:
        facts, git = self.facts(self.home), obj(meta.get("git"))
        facts.agent_version = text(meta.get("cli_version"))
        facts.parent_session_id = session_name(parent) if parent else None
        facts.project_path, facts.git_branch = self.cwd, text(git.get("branch"))
        facts.git_remote_url = text(git.get("repository_url"))
        self.open_session(self.home, clock.normal(meta.get("timestamp")))

    def turn_context(self, context: Json, stamp: str) -> None:
        turn = text(context.get("turn_id"))
        if turn is None or turn != self.turn:
            self.meter.begin_turn()
        self.turn, self.model = turn, text(context.get("model")) or self.model
        self.cwd = text(context.get("cwd")) or self.cwd
        self.work_in(self.cwd)
        policy = text(context.get("approval_policy"))
        if policy and self.agent_id is None:  # in the words of the client's hooks
            self.facts(self.home).permission_mode = "bypassPermissions" if policy == "never" else "default"

    # -- tokens -----------------------------------------------------------------

    def token_usage_record(self, record: Json, stamp: str) -> None:
        """The record names the thread that made the request, whichever rollout holds a copy of it."""
        usage = figures(obj(record.get("usage")))
        thread = session_name(text(record.get("thread_id")) or self.thread)
        if thread == self.root and stamp >= (self.facts(self.home).opened_at or ""):
            thread = self.thread  # a fork's records go on naming the root
        owner = session_name(text(record.get("session_id")) or (self.home if thread == self.thread else thread))
        named = text(record.get("response_id")) or repr(figures(obj(record.get("thread_token_usage"))))
        key = key_of(AGENT_TYPE, thread, named)
        if thread == self.thread:
            self.meter.record(usage)
        elif owner != self.home:
            self.batch.copies.append(Copy(key, self.home))
        agent = thread if thread != owner else None
        tier, response = text(record.get("service_tier")) or self.tier, text(record.get("response_id"))
        self.add(key, usage, stamp, owner, agent, tier, response, int(thread != self.thread))

    def token_count(self, event: Json, stamp: str) -> None:
        info = obj(event.get("info"))
        grown = self.meter.grown(event) if obj(info.get("total_token_usage")) else None
        if grown:
            self.add(self.total_key(), grown, stamp, self.home, self.agent_id, self.tier)

    def total_key(self) -> int:
        """Copied lines keep their turn's id and their totals, so the copy has the original's key."""
        return key_of(AGENT_TYPE, self.turn or self.lineage, repr(self.meter.total))

    def thread_settings_applied(self, event: Json, stamp: str) -> None:
        """The tier holds until the next settings; none named is the standard one."""
        settings = obj(event.get("thread_settings"))
        self.tier = text(settings.get("service_tier"))

    def add(
        self, key: int, usage: Total, stamp: str, owner: str, agent: str | None, tier: str | None,
        response: str | None = None, known: int = 0,
    ) -> None:  # fmt: skip
        used = tokens(usage)
        row = Request(
            id=key,
            session_id=owner,
            timestamp=stamp,
            model=self.model or "unknown",
            input_tokens=used.input,
            output_tokens=used.output,
            cache_creation_tokens=used.cache_write,
            cache_read_tokens=used.cache_read,
            cache_creation_5m_tokens=used.cache_write,
            reasoning_tokens=used.reasoning,
            speed="fast" if tier in FAST_TIERS else None,
            message_id=response or "",
            agent_id=agent,
            owner_known=known,
        )
        self.add_request(row)
        self.tools.answered(key)

    # -- prompts and answers ------------------------------------------------------

    def typed(self, prompt: str, stamp: str, item_id: str | None) -> None:
        """Clients of one year wrote a prompt as an event, of the next as an item; a file may hold both."""
        if self.agent_id is not None or not prompt.strip() or NOT_TYPED.match(prompt):
            return
        mark = [self.turn, key_of(prompt)]
        if mark == self.last_prompt:
            return
        self.last_prompt, self.prompts = mark, self.prompts + 1
        key = key_of(AGENT_TYPE, "prompt", item_id or f"{self.turn or self.lineage}:{self.prompts}")
        self.add_prompt(key, self.home, stamp, prompt)

    def answered(self, answer: str, stamp: str) -> None:
        self.meter.answered = True
        if self.agent_id is None and answer.strip():
            self.add_response(self.home, stamp, answer)

    def response_item(self, item: Json, stamp: str) -> None:
        kind = str(item.get("type"))
        if kind.endswith("_call_output"):
            self.tools.output(item, stamp)
        elif kind in CALLS:
            self.meter.answered = True
            self.tools.called(item, kind, stamp)
        elif kind not in SILENT_ITEMS:
            self.count_unknown(f"item {kind}")
        self.meter.answered |= item.get("role") == "assistant" or kind == "reasoning"

    # -- items: what the client itself noted of messages, commands and files ---------

    def item_completed(self, event: Json, stamp: str) -> None:
        item = obj(event.get("item"))
        kind = str(item.get("type"))
        if kind == "UserMessage":
            self.typed(content_text(item), stamp, text(item.get("id")))
        elif kind == "AgentMessage":
            self.answered(content_text(item), stamp)
        elif kind in TOOL_ITEMS:
            self.tools.noted(item, text(item.get("id")), TOOL_ITEMS[kind], stamp)
        elif kind not in SILENT_PARTS:
            self.count_unknown(f"item {kind}")

    def event_msg(self, event: Json, stamp: str) -> None:
        read = _EVENTS.get(str(event.get("type")))
        if read is not None:
            read(self, event, stamp)
        elif str(event.get("type")) not in SILENT_EVENTS:
            self.count_unknown(f"event {event.get('type')}")

    def exec_command_end(self, event: Json, stamp: str) -> None:
        self.tools.noted(event, text(event.get("call_id")), "exec_command", stamp)

    def patch_apply_end(self, event: Json, stamp: str) -> None:
        self.tools.noted(event, text(event.get("call_id")), "apply_patch", stamp)

    def mcp_tool_call_end(self, event: Json, stamp: str) -> None:
        outcome = obj(event.get("result"))
        failed = "Err" in outcome or obj(outcome.get("Ok")).get("isError") is True
        self.tools.noted({**event, "success": not failed}, text(event.get("call_id")), "mcp", stamp)

    def user_message(self, event: Json, stamp: str) -> None:
        self.typed(text(event.get("message")) or "", stamp, None)

    def agent_message(self, event: Json, stamp: str) -> None:
        self.answered(text(event.get("message")) or "", stamp)

    def thread_name_updated(self, event: Json, stamp: str) -> None:
        if self.agent_id is None:
            self.facts(self.home).title = text(event.get("thread_name"))

    # -- the end of a piece ----------------------------------------------------------

    def snapshot(self) -> Json:
        names = ("thread", "home", "lineage", "model", "turn", "cwd", "prompts", "last", "tier", "named_session")
        state = {"said": self.last_prompt, **{name: getattr(self, name) for name in names}}
        more = {"tools": self.tools.snapshot(), "meter": self.meter.snapshot(), "replay": self.replay.snapshot()}
        return {**state, **more} if self.known else {}

    def finish(self) -> Batch:
        if self.known:
            self.facts(self.home)
        return super().finish()


def content_text(item: Json) -> str:
    return "\n".join(line for part in items(item.get("content")) if (line := text(part.get("text"))))


_RECORDS = {
    "session_meta": Reader.session_meta,
    "turn_context": Reader.turn_context,
    "token_usage_record": Reader.token_usage_record,
    "response_item": Reader.response_item,
    "event_msg": Reader.event_msg,
}
_EVENTS = {
    "token_count": Reader.token_count,
    "thread_settings_applied": Reader.thread_settings_applied,
    "item_completed": Reader.item_completed,
    "exec_command_end": Reader.exec_command_end,
    "patch_apply_end": Reader.patch_apply_end,
    "mcp_tool_call_end": Reader.mcp_tool_call_end,
    "user_message": Reader.user_message,
    "agent_message": Reader.agent_message,
    "thread_name_updated": Reader.thread_name_updated,
}
