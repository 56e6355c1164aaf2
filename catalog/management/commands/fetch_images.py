from typing import Any

from django.core.management.base import BaseCommand

from catalog import downloads


class Command(BaseCommand):
    help = (
        "Fetch the images that imports and the API have named by URL, here and now, also those that failed. "
        "Where workers run they do it by themselves."
    )

    def handle(self, *, verbosity: int, **options: Any) -> str:
        return downloads.run_all(progress=verbosity > 0)
