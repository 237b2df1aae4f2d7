"""The exchange: a broker of signed official documents between agencies."""

__version__ = "0.1.0"
