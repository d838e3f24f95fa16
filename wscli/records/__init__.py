"""Events as files: their JSON form, written and read."""
