"""What a call printed, as far as it speaks of commits."""

import re

SUMMARY = re.compile(r"^\[[^\]\n]{1,300} ([0-9a-f]{4,64})\] ", re.MULTILINE)  # [main (root-commit) abc1234] Subject
SHA = re.compile(r"\b[0-9a-f]{7,64}\b")
KEPT = 4000  # characters
# Bytes that may stand in a hash become x, all others a space: a hundred times as fast to search as a pattern.
_HEX = bytes(ord("x" if chr(byte) in "0123456789abcdef" else " ") for byte in range(256))
_HASH = b"x" * 7


def may_speak_of_commits(command: str, printed: bytes) -> bool:
    """False where `kept` keeps nothing of what was printed, also while it is still encoded as JSON."""
    return "git" in command or _HASH in printed.translate(_HEX)


def kept(command: str, output: str) -> str:
    """Both ends of what a call printed; of a call that does not name git only where a commit's hash may be in them."""
    ends = output if len(output) <= KEPT else f"{output[: KEPT // 2]}\n{output[-KEPT // 2 :]}"
    return ends if may_speak_of_commits(command, ends.encode("utf-8", "replace")) else ""
