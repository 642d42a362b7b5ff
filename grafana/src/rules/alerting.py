"""Alert rules and the folder they share with the dashboards."""

from __future__ import annotations

import re
from collections.abc import Iterator

from grafana.src.rules.suite import Suite, panels

IMPORTANCE = 3  # Grafana's order of an alert list in which firing rules come first


def the_provider_makes_no_second_folder(suite: Suite) -> Iterator[str]:
    """The alert rules make the folder with a uid of Grafana's choice; a provider that asks for another uid ends Grafana."""
    if suite.provider.get("folderUid"):
        yield "the provider asks for a folderUid"


def messages_name_amount_limit_and_place(suite: Suite) -> Iterator[str]:
    """A message says how much, the limit and where: amounts of money in dollars, the project, the dashboard and its panel."""
    for alert in suite.alerts:
        text = " ".join(alert["annotations"].values())
        for wanted, what in (
            ("$values.A", "the amount"),
            ("$values.B", "the limit"),
            ("$values.P.Labels.project", "the project"),
        ):
            if wanted not in text:
                yield f"{alert['uid']} does not name {what}"
        if "budget" in alert["uid"] and not re.search(r'\$\{\{ printf "%\.2f" \$values\.A\.Value \}\}', text):
            yield f"{alert['uid']} has no amount in dollars"
        if not (alert.get("dashboardUid") and alert.get("panelId")):
            yield f"{alert['uid']} has no dashboard"


def what_fires_stands_first(suite: Suite) -> Iterator[str]:
    """An alert list is sorted by importance."""
    for name, panel in panels(suite, "alertlist"):
        if panel["options"]["sortOrder"] != IMPORTANCE:
            yield f"{name} is sorted by name"
