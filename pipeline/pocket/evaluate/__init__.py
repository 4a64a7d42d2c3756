"""Measure the pocket model: trials, judges and reports."""
