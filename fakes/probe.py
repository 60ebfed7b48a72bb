"""Asks every fake of FAKES_PORTS for its health: exit code 0 when all answer (`python -m fakes.probe`)."""

import os
import sys
import urllib.request

from fakes.settings import load


def main() -> int:
    """0 when all fakes answer, 1 when one does not."""
    for name, port in load(os.environ).ports.items():
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_fake/health", timeout=2):
                pass
        except OSError as error:
            sys.stderr.write(f"fake '{name}' on port {port}: {error}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
