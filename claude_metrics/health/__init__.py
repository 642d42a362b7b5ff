"""What `doctor` looks at: one module a subject, each a list of functions from the situation to a `Check`."""
