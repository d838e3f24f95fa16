"""The command line; only this package imports click."""
