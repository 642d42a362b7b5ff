"""Write Grafana's provisioning, start and stop a Grafana."""
