"""The HTTP interface for agencies' software: thin; every decision is made further in."""
