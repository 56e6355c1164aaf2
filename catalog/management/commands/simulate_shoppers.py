from dataclasses import replace
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from catalog.demo.simulation import MANY, SHOP
from catalog.errors import CatalogError
from catalog.importers.console import positive_int


class Command(BaseCommand):
    help = (
        "Simulates shoppers with hidden tastes. In the shop: over its products, in place of those simulated before. "
        "With SOURCE and FOLDER: over the products of anything that import_products reads, into a folder for "
        "`python -m ml compare recommend`, without the database."
    )
    requires_system_checks = ()  # one of them asks the database

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", type=Path, nargs="?", help="a zip, folder or CSV of products")
        parser.add_argument("folder", type=Path, nargs="?", help="a new folder")
        parser.add_argument("--shoppers", type=positive_int, help="default: 300 in the shop, 5000 in a folder")
        parser.add_argument("--limit", type=positive_int, metavar="N", help="only the source's first N products")
        parser.add_argument("--cold-share", type=float, default=MANY.cold_share, help="of products, %(default)s")
        parser.add_argument(
            "--drift", type=float, default=MANY.drift, help="radians by which tastes turn in the year, %(default)s"
        )
        parser.add_argument("--seed", type=int, default=0)

    def handle(self, source: Path | None, folder: Path | None, verbosity: int, **options: object) -> str:
        if source and not folder:
            raise CommandError(f"where to? simulate_shoppers {source} FOLDER")
        if options["limit"] and not source:
            raise CommandError("--limit is of a SOURCE; in the shop all products take part")
        shown, usual = verbosity > 0, MANY if source else SHOP
        try:
            population = replace(
                usual,
                shoppers=options["shoppers"] or usual.shoppers,
                cold_share=options["cold_share"],
                drift=options["drift"],
            )
            if source:
                return self._write(source, folder, population, options, shown)
            from catalog.demo.simulation.shop import simulate_shoppers

            count = simulate_shoppers(population, options["seed"], shown)
        except (CatalogError, ValueError) as error:
            raise CommandError(str(error)) from error
        return f"{population.shoppers:,} simulated shoppers with {count:,} interactions"

    def _write(self, source: Path, folder: Path, population: object, options: dict, shown: bool) -> str:
        from catalog.demo.simulation.folder import write_folder

        def tell(problem: object) -> None:
            with tqdm.external_write_mode():
                self.stderr.write(str(problem))

        world = write_folder(source, folder, population, options["seed"], options["limit"], shown, tell)
        return f"{folder}: {len(world.shoppers):,} simulated shoppers over {len(world.appeal):,} products"
