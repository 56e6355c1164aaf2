from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from visrec_site import backup
from visrec_site.embedded import ServiceError


class Command(BaseCommand):
    help = "Write a backup of the shop, in use or not, to a new file: the database and all files that it names."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="a new file, a tar")

    def handle(self, file: Path, **options: Any) -> str:
        try:
            with backup.database_running():
                manifest = backup.write_backup(file)
        except (backup.BackupError, ServiceError) as error:
            raise CommandError(str(error)) from error
        if manifest.missing:
            self.stderr.write(
                f"{len(manifest.missing)} files are missing in the shop itself, such as {manifest.missing[0]}"
            )
        return f"{file}: {len(manifest.files) - 1} files and the database, {file.stat().st_size / 1e6:.1f} MB"
