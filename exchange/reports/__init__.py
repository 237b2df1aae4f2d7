"""Reports on the share and on deliveries, out of the counters, and their forms: JSON, CSV, XLSX and PDF."""

from exchange.reports.asking import ask, office_of
from exchange.reports.forms import MEDIA_TYPES, Form, Office, name_of, render
from exchange.reports.texts import Language

__all__ = ["MEDIA_TYPES", "Form", "Language", "Office", "ask", "name_of", "office_of", "render"]
