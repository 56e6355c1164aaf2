from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from catalog import readings
from catalog.models import ProductImage
from recommender import broker


class Command(BaseCommand):
    help = "List the images that were set aside, as their files cannot be read, or try to read them again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--retry", action="store_true", help="try all again now, as after their files were restored"
        )

    def handle(self, *, retry: bool, **options: Any) -> str:
        images = ProductImage.objects.unreadable()
        if retry:
            ids = readings.try_again(images)
            broker.queue_embedding(ids)
            return f"{len(ids)} images wait for a worker"
        listed = 0
        for image in images.select_related("product").order_by("product__sku", "position").iterator():
            listed += 1
            self.stdout.write(
                f"{image.product.sku}  {image.file.name}  since {image.problem_since:%F %T}: {image.problem}"
            )
        return f"{listed} images cannot be read"
