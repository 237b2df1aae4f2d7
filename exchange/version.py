"""The version of the product; the build takes it from here."""

VERSION = "0.1.0"
