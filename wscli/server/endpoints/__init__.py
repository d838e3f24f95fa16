"""The endpoints of the embedded server: one class per behaviour."""
