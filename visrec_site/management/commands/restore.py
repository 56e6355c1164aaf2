from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from visrec_site import backup
from visrec_site.embedded import ServiceError


class Command(BaseCommand):
    help = (
        "Restore a backup into an empty database and empty folders. Refuses, and changes nothing, where they are not."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="a file that `manage.py backup` wrote")

    def handle(self, file: Path, **options: Any) -> str:
        try:
            with backup.database_running():
                manifest = backup.restore_backup(file)
        except (backup.BackupError, ServiceError) as error:
            raise CommandError(str(error)) from error
        if manifest.missing:
            self.stderr.write(f"{len(manifest.missing)} files were missing in the shop, such as {manifest.missing[0]}")
        return f"restored the shop as it was at {manifest.created_at}: {len(manifest.files) - 1} files and the database"
