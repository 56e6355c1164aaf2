from dataclasses import replace
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from catalog.demo.simulation import MANY, SHOP, Population
from catalog.errors import CatalogError
from catalog.importers.console import positive_int


class Command(BaseCommand):
    help = (
        "Simulate shoppers with hidden tastes. In the shop: over its products, in place of those simulated before. "
        "With SOURCE and FOLDER: over the products of any source that import_products reads, into a folder for "
        "`python -m ml compare recommend`, without the database."
    )
    requires_system_checks = ()  # one of them queries the database

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", type=Path, nargs="?", help="a zip, folder or CSV of products")
        parser.add_argument("folder", type=Path, nargs="?", help="a new folder")
        parser.add_argument("--shoppers", type=positive_int, help="default: 300 in the shop, 5000 in a folder")
        parser.add_argument("--limit", type=positive_int, metavar="N", help="only the source's first N products")
        parser.add_argument(
            "--cold-share",
            type=float,
            default=MANY.cold_share,
            help="share of products without interactions, or with late ones only, %(default)s",
        )
        parser.add_argument(
            "--drift", type=float, default=MANY.drift, help="radians by which tastes turn in the year, %(default)s"
        )
        parser.add_argument("--seed", type=int, default=0, help="seed of the random numbers (default: %(default)s)")

    def handle(
        self,
        source: Path | None,
        folder: Path | None,
        shoppers: int | None,
        limit: int | None,
        cold_share: float,
        drift: float,
        seed: int,
        verbosity: int,
        **options: object,
    ) -> str:
        if source and not folder:
            raise CommandError(f"where to? simulate_shoppers {source} FOLDER")
        if limit and not source:
            raise CommandError("--limit is of a SOURCE; in the shop all products take part")
        usual = MANY if source else SHOP
        try:
            population = replace(usual, shoppers=shoppers or usual.shoppers, cold_share=cold_share, drift=drift)
            if source and folder:
                return self._write(source, folder, population, seed, limit, progress=verbosity > 0)
            from catalog.demo.simulation.shop import simulate_shoppers

            count = simulate_shoppers(population, seed, progress=verbosity > 0)
        except (CatalogError, ValueError) as error:
            raise CommandError(str(error)) from error
        return f"{population.shoppers:,} simulated shoppers with {count:,} interactions"

    def _write(
        self, source: Path, folder: Path, population: Population, seed: int, limit: int | None, progress: bool
    ) -> str:
        from catalog.demo.simulation.dataset import write_dataset

        def print_problem(problem: object) -> None:
            with tqdm.external_write_mode():
                self.stderr.write(str(problem))

        world = write_dataset(source, folder, population, seed, limit, progress, print_problem)
        return f"{folder}: {len(world.shoppers):,} simulated shoppers over {len(world.appeal):,} products"
