"""OpenCode: where its sessions are, how its database is read, and its plugin."""
