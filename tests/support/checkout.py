"""Where the repository and the hook under test are."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOOK = ROOT / "hooks" / "session_end.py"
