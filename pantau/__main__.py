"""`python -m pantau` is `pantau`."""

import sys

try:
    from pantau.cli import main
except ModuleNotFoundError as missing:
    sys.exit(
        f"pantau: {sys.executable} has no module {missing.name}: run `make install`, then use .venv/bin/pantau"
    )

main()
