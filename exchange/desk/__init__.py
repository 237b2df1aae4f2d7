"""The desk of an agency's clerk: what comes in, what goes out, and what its pages say to others."""
