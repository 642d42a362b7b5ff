"""Change one key of the user's config file: comments, order and layout of all the rest stay (tomlkit)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from claude_metrics import config, paths
from claude_metrics.errors import ClaudeMetricsError

Keys = Sequence[str]
YES_NO = {"yes": True, "on": True, "no": False, "off": False}


def split(key: str) -> list[str]:
    """`prices."claude-opus-5".input` as its parts; a model's name with dots needs no quotes."""
    try:
        value: Any = tomllib.loads(f"{key} = 0")
    except tomllib.TOMLDecodeError:
        raise ClaudeMetricsError(
            f'`{key}` is no key; {paths.config_file()}; write it like content or prices."model-id".input'
        ) from None
    parts = []
    while isinstance(value, dict):
        name, value = next(iter(value.items()))
        parts.append(name)
    if parts[0] == "prices" and len(parts) > 3:
        parts = ["prices", ".".join(parts[1:-1]), parts[-1]]
    return parts


def get(settings: config.Config, key: str) -> Any:
    """The value in force, be it the default's. Raises ClaudeMetricsError for an unknown key."""
    first, *rest = split(key)
    values = asdict(settings)
    if first not in values:
        config.checked(first, None, paths.config_file())
    value = values[first]
    for part in rest:
        if not isinstance(value, Mapping) or part not in value:
            raise ClaudeMetricsError(
                f"`{key}` is not set; {paths.config_file()}; see `claude-metrics config get {first}`"
            )
        value = value[part]
    return value


def put(key: str, text: str) -> Any:
    """Set `key`; returns the value as it is stored. Raises ClaudeMetricsError, and writes nothing, if it is wrong."""
    parts, path = split(key), paths.config_file()
    document, before = _read(path)
    value = _value(parts, text)
    _table(document, parts[:-1])[parts[-1]] = value
    _checked(document, parts[0], path)
    _write(path, before, document)
    return value


def add_root(agent: str, folder: Path) -> None:
    """Add a data folder to `roots`."""
    path = paths.config_file()
    document, before = _read(path)
    table = _table(document, ["roots"])
    table[agent] = [*table.get(agent, []), str(folder)]
    _checked(document, "roots", path)
    _write(path, before, document)


def remove(key: str) -> bool:
    """Take `key` out, so that its default holds again. False: it was not set."""
    parts, path = split(key), paths.config_file()
    if parts[0] not in config.KEYS:
        config.checked(parts[0], None, path)
    document, before = _read(path)
    if not _remove(document, parts):
        return False
    _write(path, before, document)
    return True


def _remove(table: Any, parts: Keys) -> bool:
    if not isinstance(table, MutableMapping) or parts[0] not in table:
        return False
    if len(parts) > 1:
        done = _remove(table[parts[0]], parts[1:])
        if done and not table[parts[0]]:
            del table[parts[0]]
        return done
    del table[parts[0]]
    return True


def _read(path: Path) -> tuple[Any, bytes | None]:
    import tomlkit

    from claude_metrics import files

    config.load(path)  # a file with a mistake in it is refused here, with the place
    before = files.read(path)
    return tomlkit.parse((before or b"").decode("utf-8")), before


def _write(path: Path, before: bytes | None, document: Any) -> None:
    import tomlkit

    from claude_metrics import files

    try:
        paths.private_dir(path.parent)
        files.swap(path, before, tomlkit.dumps(document).encode("utf-8"))
    except files.ChangedMeanwhileError:
        raise ClaudeMetricsError(f"the file was changed just now; {path}; try again") from None
    except OSError as error:
        raise ClaudeMetricsError(
            f"cannot write ({error.strerror}); {path}; check the folder's owner and mode"
        ) from error


def _table(document: Any, parts: Keys) -> Any:
    """The table for `parts`, made if need be as `[prices."model"]` and not as a dotted key."""
    import tomlkit

    table = document
    for number, part in enumerate(parts):
        if part not in table:
            table[part] = tomlkit.table(is_super_table=number < len(parts) - 1)
        table = table[part]
        if not isinstance(table, MutableMapping):
            raise ClaudeMetricsError(f"`{'.'.join(parts)}` is no table; {paths.config_file()}; correct it by hand")
    return table


def _checked(document: Any, key: str, path: Path) -> None:
    config.checked(key, document.unwrap()[key], path)


def _value(parts: Keys, text: str) -> Any:
    """`text` as what the key holds: a text as it is given, a list also with commas, else TOML."""
    default = getattr(config.Config(), parts[0], None) if len(parts) == 1 else None
    if isinstance(default, str):
        return text
    if isinstance(default, bool) and text.lower() in YES_NO:
        return YES_NO[text.lower()]
    if isinstance(default, tuple) and not text.lstrip().startswith("["):
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except tomllib.TOMLDecodeError:
        return text
