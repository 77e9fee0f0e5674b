"""Start the arena: the same as `tiltyard serve`."""

from app.cli import main

if __name__ == "__main__":
    main(["serve"])
