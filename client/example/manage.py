"""A plain Django shop with VisRec: see docs/adopt.md."""

import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "store.settings")
execute_from_command_line(sys.argv)
