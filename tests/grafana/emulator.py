"""What Grafana and frser-sqlite-datasource 4.0.3 make of a target, without either: variables, macros, types, frames.

The browser replaces variables, the plugin replaces `$__from` and `$__to` again, opens the file with the options of the
data source, runs the SQL, and gives each column a type: the declared one, else that of the first value. For time series
it turns long frames into wide ones. SQLite is apsw's, as new as the plugin's, because it tells declared types.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import apsw

ALL = "$__all"
BLOCKED = (
    "grafana.db", ".aws", ".config/gcloud", ".azure", ".kube/config", ".docker/config", ".ssh", ".gnupg", ".pki",
    "/etc/shadow", "/etc/passwd", "/etc/gshadow", "/proc/", "/sys/", ".env", "credentials", ".git/config", ".netrc",
    ".npmrc", ".pypirc", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519",
)  # fmt: skip
DECLARED = {"INTEGER": "int", "INT": "int", "REAL": "float", "NUMERIC": "float", "DOUBLE": "float", "FLOAT": "float",
            "TEXT": "string", "BLOB": "string", "NULL": "string"}  # fmt: skip


class PluginError(Exception):
    """What a panel would show as an error."""


@dataclass
class Field:
    name: str
    kind: str  # int, float, string, time (unix seconds)
    values: list[Any]
    labels: dict[str, str] = field(default_factory=dict)


@dataclass
class Frame:
    fields: list[Field]
    truncated: list[str] = field(default_factory=list)  # columns in which a value did not fit the type

    def __getitem__(self, name: str) -> list[Any]:
        return next(f for f in self.fields if f.name == name).values

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        return list(zip(*(f.values for f in self.fields), strict=True))

    def by_label(self) -> dict[str, list[Any]]:
        """A wide frame's series by the values of their labels."""
        return {"|".join(f.labels.values()) or f.name: f.values for f in self.fields if f.kind != "time"}


@dataclass(frozen=True)
class Range:
    """A time range in milliseconds, and the browser's distance from UTC in minutes at its end."""

    start: int
    end: int
    east: int = 0

    def moment(self, name: str, arguments: list[str]) -> str:
        value = self.start if name == "__from" else self.end
        if not arguments:
            return str(value)
        assert arguments[0] == "date", f"no such format: {arguments}"
        here = datetime.fromtimestamp(value / 1000, timezone(timedelta(minutes=self.east)))
        kind = arguments[1] if len(arguments) > 1 else "iso"
        utc = datetime.fromtimestamp(value / 1000, timezone.utc).isoformat(timespec="milliseconds")[:23] + "Z"  # noqa: UP017
        return {"seconds": str(round(value / 1000)), "iso": utc, "Z": here.isoformat()[-6:]}[kind]


# -- variables ---------------------------------------------------------------------

_VARIABLE = re.compile(r"\$\{(\w+)((?::[^}]*)?)\}|\$(\w+)|\[\[(\w+)((?::[^\]]*)?)\]\]")


def sqlstring(value: str) -> str:
    """@grafana/scenes escapes a double quote with a backslash, which SQLite does not know."""
    return "'" + value.replace("'", "''").replace('"', '\\"') + "'"


def old_sqlstring(value: str) -> str:
    """Grafana 10."""
    return "'" + value.replace("'", "''") + "'"


def interpolate(
    text: str, variables: Mapping[str, Any], when: Range, definitions: Mapping[str, Any], quote: Any = sqlstring
) -> str:
    """As the browser does before it sends a query. Raises PluginError for a variable that nobody declared."""

    def replace(match: re.Match[str]) -> str:
        name = match[1] or match[3] or match[4]
        arguments = [part for part in (match[2] or match[5] or "").split(":") if part]
        if name in ("__from", "__to"):
            return when.moment(name, arguments)
        if name == "__interval_ms":
            return str(max(1000, (when.end - when.start) // 1000))
        if name not in variables:
            raise PluginError(f"the variable ${name} is not declared")
        return _formatted(variables[name], arguments, definitions[name], quote)

    return _VARIABLE.sub(replace, text)


def _formatted(value: Any, arguments: list[str], definition: Mapping[str, Any], quote: Any) -> str:
    if value in (ALL, [ALL]):
        assert definition.get("allValue"), f"All of {definition['name']} would list every option"
        return str(definition["allValue"])  # raw, whatever the format
    many = value if isinstance(value, list) else [value]
    if arguments == ["sqlstring"]:
        return ",".join(quote(str(item)) for item in many)
    if arguments == ["csv"]:
        return ",".join(map(str, many))
    assert not arguments, f"no such format: {arguments}"
    return str(many[0]) if len(many) == 1 else "{" + ",".join(map(str, many)) + "}"


# -- the plugin ----------------------------------------------------------------------

_GROUP = re.compile(r"\$__unixEpochGroupSeconds\(([^,)]+),\s*(\d+)\s*\)")


def expand_macros(sql: str, when: Range) -> str:
    """The backend's: epoch milliseconds, and the one grouping macro (without its fill)."""
    text = sql.replace("$__from", str(when.start)).replace("$__to", str(when.end))
    text = _GROUP.sub(r"cast((\1 / \2) as int) * \2", text)
    if left := re.search(r"\$\{?__\w+", text):
        raise PluginError(f"the backend does not know {left[0]}")
    return text


def uri(path: Path, prefix: str, options: str) -> tuple[str, list[str]]:
    """The connection string and the pragmas in it. Without `file:` the plugin would drop `mode=ro`."""
    if found := [part for part in BLOCKED if part in str(path).lower()]:
        raise PluginError(f"the plugin refuses paths with {found[0]}")
    assert prefix == "file:"
    pairs = [part.split("=", 1) for part in options.split("&")]
    pragmas = [value.replace("(", " = ").rstrip(")") for name, value in pairs if name == "_pragma"]
    rest = "&".join(f"{name}={value}" for name, value in pairs if name != "_pragma")
    escaped = str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return f"{prefix}{escaped}?{rest}", pragmas


@dataclass(frozen=True)
class DataSource:
    """The file as the plugin opens it: anew for every query."""

    path: Path
    prefix: str = "file:"
    options: str = "mode=ro&_pragma=busy_timeout(5000)&_pragma=query_only(1)"

    def open(self) -> apsw.Connection:
        name, pragmas = uri(self.path, self.prefix, self.options)
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI
        connection = apsw.Connection(name, flags=flags)
        for pragma in pragmas:
            connection.execute(f"pragma {pragma}")
        return connection

    def query(self, target: Mapping[str, Any], when: Range) -> Frame:
        """Run a target whose variables are replaced already. `queryText` is what counts."""
        sql = expand_macros(target["queryText"], when)
        try:
            with closing(self.open()) as connection:
                columns, rows = _fetch(connection, sql)
        except apsw.Error as error:
            raise PluginError(f"{type(error).__name__}: {error}") from error
        frame = _frame(columns, rows, target.get("timeColumns", []))
        return _wide(frame) if target["queryType"] == "time series" else frame

    def plain(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(self.open()) as connection:
            return list(connection.execute(sql))


def _fetch(connection: apsw.Connection, sql: str) -> tuple[list[tuple[str, str | None]], list[tuple[Any, ...]]]:
    described: list[list[tuple[str, str | None]]] = []

    def trace(cursor: apsw.Cursor, statement: str, bindings: object) -> bool:
        described.append([(name, declared) for name, declared in cursor.get_description()])
        return True

    cursor = connection.cursor()
    cursor.exec_trace = trace
    rows = list(cursor.execute(sql))
    if len(described) != 1:
        raise PluginError("a target is one statement")
    return described[0], rows


def _frame(columns: Sequence[tuple[str, str | None]], rows: Sequence[tuple[Any, ...]], times: Sequence[str]) -> Frame:
    frame = Frame([])
    for place, (name, declared) in enumerate(columns):
        values = [row[place] for row in rows]
        if (declared or "").upper() in ("DATE", "DATETIME", "TIMESTAMP"):
            raise PluginError(
                f"{name}: the driver makes a time of a column declared {declared}, the plugin cannot read it"
            )
        kind = DECLARED.get((declared or "").upper()) or _kind_of(next((v for v in values if v is not None), None))
        converted = [_converted(value, kind) for value in values]
        if any(
            a is not None and (b is None or (kind == "int" and b != a)) for a, b in zip(values, converted, strict=True)
        ):
            frame.truncated.append(name)
        if name in times:
            frame.fields.append(Field(name, "time", [_time(value, kind) for value in converted]))
        else:
            frame.fields.append(Field(name, kind, converted))
    if missing := set(times) - {name for name, _ in columns} - {"timeEnd"}:
        raise PluginError(f"no such time column: {missing}")
    return frame


def _kind_of(value: Any) -> str:
    return "int" if isinstance(value, int) else "string" if isinstance(value, (str, bytes)) else "float"


def _converted(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "string":
        return value if isinstance(value, str) else f"{value:d}" if isinstance(value, int) else f"{value:f}"
    if isinstance(value, (str, bytes)):
        return None
    return int(value) if kind == "int" else float(value)


_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")


def _time(value: Any, kind: str) -> float | None:
    if value is None or kind != "string":
        return value
    if _RFC3339.fullmatch(value):
        return datetime.fromisoformat(value).timestamp()
    try:
        return float(value)
    except ValueError:
        return None


def _wide(frame: Frame) -> Frame:
    """The SDK's LongToWide: sorted, not empty, no NULL time; a later row of the same time and labels wins."""
    times = next((f for f in frame.fields if f.kind == "time"), None)
    if times is None:
        raise PluginError("a time series needs a time column")
    labels = [f for f in frame.fields if f.kind == "string"]
    if not labels:
        return frame
    if not times.values:
        raise PluginError("long series without rows: cannot be made wide")
    if any(value is None for value in times.values) or times.values != sorted(times.values):
        raise PluginError("long series must be sorted by a time that is never NULL")
    return _pivoted(times.values, labels, [f for f in frame.fields if f.kind in ("int", "float")], frame.truncated)


def _pivoted(times: list[float], labels: list[Field], values: list[Field], truncated: list[str]) -> Frame:
    axis = sorted(set(times))
    place = {time: n for n, time in enumerate(axis)}
    series: dict[tuple[Any, ...], Field] = {}
    for row, time in enumerate(times):
        names = {f.name: str(f.values[row] or "") for f in labels}
        for value in values:
            key = (value.name, *names.values())
            found = series.setdefault(key, Field(value.name, value.kind, [None] * len(axis), names))
            found.values[place[time]] = value.values[row]
    ordered = [series[key] for key in sorted(series)]
    return Frame([Field("time", "time", list(axis)), *ordered], truncated)
