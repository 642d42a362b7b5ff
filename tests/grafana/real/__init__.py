"""What Grafana's own library (@grafana/data from npm, under Node) makes of the dashboards: texts, colours, links."""
