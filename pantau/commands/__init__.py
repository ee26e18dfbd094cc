"""One module a command: `register(app: typer.Typer) -> None` adds it. `pantau.cli` lists them."""
