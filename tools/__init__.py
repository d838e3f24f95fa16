"""Programs that make files of the repository from others; see CONTRIBUTING.md."""
