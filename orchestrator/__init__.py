"""Quiesce: proven, application-consistent clones inside storage arrays."""

__version__ = "0.1.0"
