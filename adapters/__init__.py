"""One file per kind of agency software; each implements ``exchange.adapter.AgencyAdapter``."""
