"""`python -m emulator` is `clipnet-emulate`."""

from emulator.cli import main

if __name__ == "__main__":
    main()
