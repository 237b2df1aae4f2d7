"""The pages: what persons see of the exchange, in Vietnamese and English."""
