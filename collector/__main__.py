"""`python -m collector`: serve until SIGTERM, then answer what is under way and leave."""

import sys

from collector.serve import main

if __name__ == "__main__":
    sys.exit(main())
