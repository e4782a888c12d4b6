"""``python -m faultmaven_lib.cli`` is ``faultmaven``."""

from faultmaven_lib.cli import main

if __name__ == "__main__":
    main(prog_name="faultmaven")
