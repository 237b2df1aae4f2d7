"""The benchmark: the broker beside a plain stack, in one run, on one machine (``make bench``)."""
