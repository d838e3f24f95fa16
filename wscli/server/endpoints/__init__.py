"""What the paths do: one class a behaviour."""
