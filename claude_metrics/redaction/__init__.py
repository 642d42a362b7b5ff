"""What a secret looks like: known formats, values known by their name, and values known by their place."""
