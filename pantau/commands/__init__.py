"""One module a command: `register(app: typer.Typer) -> None` adds it. Found by name, nothing to list."""
