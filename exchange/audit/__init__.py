"""The auditor's room: what a file proves, offline, trusting nobody but the anchors that are handed in.

It imports ``exchange.core`` alone, so that it runs without the broker (``make verifier``).
"""

from exchange.audit.anchors import Anchors, BadAnchor
from exchange.audit.checking import verify
from exchange.audit.finding import Exit, Finding, Report, Status

__all__ = ["Anchors", "BadAnchor", "Exit", "Finding", "Report", "Status", "verify"]
