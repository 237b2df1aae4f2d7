"""The pure core: decides, and never does.

Nothing here reads a clock, a file, a database, the network, the environment or randomness;
times and bytes are handed in, values and refusals come out.
"""
