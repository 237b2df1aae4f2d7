"""A province with a history, for those who want to look at the pages: written in seconds, by the
exchange's own use cases under a clock that is moved.
"""
