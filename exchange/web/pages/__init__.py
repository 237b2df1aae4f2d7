"""One module per area of pages, each with its ``router``."""
