"""The ledger and all that stands beside it in the database; the only room that begins and commits.

``record`` (T1), ``claim`` (T2) and ``settle`` (T3) are the transactions of a document's way; each
takes a batch, so that many documents can share one commit.
"""
