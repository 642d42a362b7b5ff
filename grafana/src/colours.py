"""One colour for one thing, on every dashboard: kinds of tokens, outcomes, tool categories and models.

The names are Grafana's own, so that they change with the dark and the light theme.
"""

from __future__ import annotations

from collections.abc import Iterator

BLUE, ORANGE, GREEN, YELLOW, RED, PURPLE, GREY = "blue", "orange", "green", "yellow", "red", "purple", "#808080"

COLOURS = {
    "Input": BLUE, "Output": ORANGE, "Cache read": GREEN, "Cache write": YELLOW,
    "Successful": BLUE, "Failed": RED, "Denied": PURPLE, "Unfinished": YELLOW,
    "Spent": "semi-dark-blue", "Projected": "light-blue", "Budget": RED, "Cost": "semi-dark-blue", "Context": "semi-dark-green",
    "Commits": PURPLE, "Lines added": GREEN, "Lines removed": RED, "With a commit": GREEN, "Without a commit": ORANGE,
    "Median": "light-blue", "95th percentile": "semi-dark-orange", "Active hours": "semi-dark-blue", "other": GREY,
}  # fmt: skip

# What a tool call is for: the column `category` of v_tool_calls, the words for it, and the colour on a timeline.
CATEGORIES = {
    "read": ("reads", BLUE),
    "search": ("searches", "light-blue"),
    "web": ("web", "dark-blue"),
    "edit": ("edits", ORANGE),
    "shell": ("runs commands", YELLOW),
    "agent": ("subagents", PURPLE),
    "skill": ("skills", "light-purple"),
    "mcp": ("MCP", "dark-purple"),
    "plan": ("plans", "light-green"),
    "question": ("asks", RED),
    "other": ("other tools", GREY),
}

# A family of models has a hue, a version a shade of it; the newest first. A version not listed has the family's hue.
_FAMILIES = {
    "Opus": ("purple", "5.5 5 4.8 4.7 4.6 4.5 4.1 4 3"),
    "Sonnet": ("blue", "5.5 5 4.6 4.5 4 3.7 3.5"),
    "Haiku": ("green", "5.5 4.5 5 3.5 3"),
    "Fable": ("orange", "5.2 5.1 5"),
    "Mythos": ("red", "5.2 5.1 5"),
    "GPT": ("yellow", "6.1 6 5.5 5.4 5"),
    "Gemini": ("orange", "4 3.5 3 2.5 2"),
}
_SHADES = ("{}", "dark-{}", "light-{}", "semi-dark-{}", "super-light-{}")
# A model of no listed family has a colour that no family has, by the last letter of its name.
_STRANGERS = {
    "[aeiouy]": "#37A2A2",
    "[b-df-hj-n]": "#D6618F",
    "[p-tv-xz]": "#A0714F",
    "[0-4]": "#8F9E3C",
    "[5-9]": "#6F87A8",
}


def models() -> Iterator[tuple[str, str]]:
    """(pattern of short model names, colour), the more general first: Grafana lets the last match win."""
    for letters, colour in _STRANGERS.items():
        yield f"/{letters}$/", colour
    for family, (hue, _) in _FAMILIES.items():
        yield f"/^{family}\\b/", hue
    for family, (hue, versions) in _FAMILIES.items():
        for number, version in enumerate(versions.split()):
            ending = version.replace(".", "\\.")
            yield f"/^{family} {ending}(?![.\\d])/", _SHADES[number % len(_SHADES)].format(hue)
