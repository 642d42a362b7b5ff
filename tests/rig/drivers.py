"""The agents that can be driven, by the name of their folder."""

from .claude import ClaudeRig
from .codex import CodexRig
from .gemini import GeminiRig
from .opencode import OpencodeRig
from .rig import Rig

RIGS: dict[str, type[Rig]] = {rig.agent: rig for rig in (ClaudeRig, GeminiRig, CodexRig, OpencodeRig)}
