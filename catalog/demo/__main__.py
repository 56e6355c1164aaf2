"""`python -m catalog.demo FOLDER`: the demo catalogue without Django."""

import argparse
from pathlib import Path

from catalog.demo.folder import write_catalog

parser = argparse.ArgumentParser(prog="python -m catalog.demo", description=__doc__)
parser.add_argument("folder", type=Path)
parser.add_argument("--products", type=int, default=1200)
parser.add_argument("--shoppers", type=int, default=300)
parser.add_argument("--seed", type=int, default=0)

if __name__ == "__main__":
    options = parser.parse_args()
    try:
        write_catalog(options.folder, options.products, options.shoppers, options.seed, progress=True)
    except (FileExistsError, ValueError) as error:
        parser.error(str(error))
