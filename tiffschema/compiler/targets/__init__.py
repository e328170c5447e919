"""Targets: what a plan is printed as."""
