"""Whether an adapter and the software behind it keep the promises of the port, tried on the living system."""
