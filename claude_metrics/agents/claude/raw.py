"""Values of a record that are not decoded with it: how long they are, and what text they hold."""

from __future__ import annotations

from msgspec import Raw

from claude_metrics.agents._json import load_any


def size_of(raw: Raw) -> int:
    """Bytes of a raw value as it stands in the transcript."""
    return memoryview(raw).nbytes


def text_of(raw: Raw | bytes) -> str:
    """The text of a raw JSON string, or of a list of text blocks; what cannot be decoded is replaced, never fatal."""
    value = load_any(bytes(raw))
    if isinstance(value, list):
        return "\n".join(str(b.get("text", "")) for b in value if isinstance(b, dict))
    return value if isinstance(value, str) else ""
