"""Make-believe agencies and authorities, for the demonstration and the tests; no part of the broker."""
