"""The exchange: a broker of signed official documents between agencies."""
