"""A witness: cosigns a log's checkpoints, run by another office than the log, on a machine of its own.

It keeps the last checkpoint of each log that it knows, and signs the next one only with the proof that
it continues that. It takes requests and makes none, and uses nothing of the broker but its core.
"""
