"""Evidence: everything that there is of one document, gathered for who may have it, as a bundle or JSON."""

from exchange.evidence.gathering import Gathered, gather
from exchange.evidence.packing import as_json, pack

__all__ = ["Gathered", "as_json", "gather", "pack"]
