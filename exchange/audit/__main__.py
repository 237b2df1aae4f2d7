"""``python -m exchange.audit``, and the entry of the zipapp."""

import sys

from exchange.audit.command import main

sys.exit(main())
