"""Generators and scripts of the project; not installed."""
