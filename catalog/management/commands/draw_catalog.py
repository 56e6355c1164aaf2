from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog.demo import write_catalog


class Command(BaseCommand):
    help = "Draw the demo catalogue into a folder: pictures, products.csv, interactions.csv and truth.json."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="a new folder, or one that this command wrote")
        parser.add_argument("--products", type=int, default=1200, help="number of products (default: %(default)s)")
        parser.add_argument("--shoppers", type=int, default=300, help="number of shoppers (default: %(default)s)")
        parser.add_argument("--seed", type=int, default=0, help="seed of the random numbers (default: %(default)s)")

    def handle(self, folder: Path, products: int, shoppers: int, seed: int, verbosity: int, **options: object) -> str:
        try:
            write_catalog(folder, products, shoppers, seed, progress=verbosity > 0)
        except (FileExistsError, ValueError) as error:
            raise CommandError(str(error)) from error
        return f"{products} products and {shoppers} shoppers in {folder}"
