"""Texts without a secret that look a little like one: hashes, ids, paths, code, shell, prose. They stay as they are."""

import base64
import hashlib
import random
import uuid

from tests.redaction.table_files import table

WRITTEN = table("innocents.txt")


def innocents(seed: int = 3, each: int = 20) -> list[str]:
    """What is written above, and `each` of every kind that is drawn."""
    dice = random.Random(seed)
    return list(dict.fromkeys(WRITTEN + [text for _ in range(each) for text in _drawn(dice)]))


def _drawn(dice: random.Random) -> list[str]:
    raw = dice.randbytes(64)
    sha1, sha256 = hashlib.sha1(raw).hexdigest(), hashlib.sha256(raw).hexdigest()
    md5 = sha256[:32]
    integrity = base64.b64encode(hashlib.sha512(raw).digest()).decode()
    some = str(uuid.UUID(int=dice.getrandbits(128), version=4))
    word = "".join(dice.choices("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz123456789", k=22))
    number = dice.randrange(10**6)
    return [
        sha1, sha256, md5, some,
        f"git checkout {sha1}", f"commit {sha1}", f"Merge {sha1[:8]} into main",
        f"index {sha1[:7]}..{sha1[8:15]} 100644",
        f'"integrity": "sha512-{integrity}"', f"sha256:{sha256}", f"--hash=sha256:{sha256}", f"  resolved sha1-{sha1}",
        f"session {some}", f'"session_id": "{some}"', f"/home/dev/.claude/projects/app/{some}.jsonl",
        f"msg_01{word}", f"req_011C{word}", f"toolu_01{word}", f'"requestId": "req_{word}"', f"chatcmpl-{word}",
        f"data:image/png;base64,{integrity}{integrity}", f'<img src="data:image/gif;base64,R0lGODlh{integrity}">',
        f'ETag: W/"{md5}"', f"x-request-id: {some}", f"traceparent: 00-{md5}-{sha1[:16]}-01",
        f"token_count: {number}", f"key_{number}", f"tokens={number}", f"password_{number}.txt",
        f"user{number}@example.com",
        f"https://github.com/owner/repo/commit/{sha1}", f"/nix/store/{word.lower()}0123456789-python3-3.11",
        f"container {sha256[:12]} exited with {number % 256}", f"port {number % 65536}: open",
    ]  # fmt: skip
