"""Check that a program works: print the age of its last heartbeat, and exit with 1 if it is too old.

usage: healthcheck.py NAME      a queue (embed, design, train, import, maintenance) for its worker, or beat
"""

import os
import sys
import time
from pathlib import Path

SECONDS = 60  # of the oldest heartbeat that is healthy

name = sys.argv[1]
heartbeat = Path(os.environ.get("VISREC_VAR", "var")) / "heartbeats" / name
if not heartbeat.exists():
    sys.exit(f"{name}: no heartbeat")
age = abs(time.time() - heartbeat.stat().st_mtime)  # one of the future was before a clock was set back
print(f"{name}: the last heartbeat {age:.0f} s ago")
sys.exit(age > SECONDS)
