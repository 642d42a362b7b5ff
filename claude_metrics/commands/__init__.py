"""One file per command group; `cli` mounts them."""
