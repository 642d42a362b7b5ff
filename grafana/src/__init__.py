"""The dashboards' source: `python -m grafana.src` writes the JSON and the alert rules, `--check` compares them."""
