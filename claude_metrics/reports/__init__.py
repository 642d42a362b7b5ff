"""One question each, asked of the v_ views."""
