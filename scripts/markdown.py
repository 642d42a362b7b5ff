"""What the generated parts of all pages share: where they are printed, fences, tables."""

from collections.abc import Iterable, Sequence


def out(text: str) -> None:
    """Print `text` between cog's markers, with a blank line before and after it."""
    print("\n" + text.rstrip() + "\n")


def fenced(text: str, language: str = "") -> str:
    return f"```{language}\n{text.rstrip()}\n```"


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
