"""Write the import contracts of pyproject.toml into docs/architecture.md as diagrams.

`python -m tests.draw_architecture` does so, and a test fails while the document is out of date.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- begin: drawn by python -m tests.draw_architecture -->", "<!-- end: drawn -->"

Contract = dict[str, Any]


def contracts() -> list[Contract]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]


def drawn(contracts: list[Contract]) -> str:
    """Return the Markdown of all contracts: a diagram for each set of layers, a line for each other one."""
    layers = [contract for contract in contracts if contract["type"] == "layers"]
    others = [contract for contract in contracts if contract["type"] != "layers"]
    blocks = ["\n".join(_diagram(number, contract)) for number, contract in enumerate(layers)]
    return "\n\n".join([*blocks, "\n".join(line for contract in others for line in _lines(contract))])


def _diagram(number: int, contract: Contract) -> Iterator[str]:
    yield f"**{contract['name']}**"
    yield ""
    yield "```mermaid"
    yield "flowchart TD"
    for level, layer in enumerate(contract["layers"]):
        modules = [module.strip() for module in layer.replace(":", "|").split("|")]
        yield f'    subgraph c{number}l{level}[" "]'
        yield "        direction LR"
        yield from (f'        c{number}l{level}m{at}["{module}"]' for at, module in enumerate(modules))
        yield "    end"
    yield from (f"    c{number}l{level} --> c{number}l{level + 1}" for level in range(len(contract["layers"]) - 1))
    yield "```"
    if exceptions := contract.get("ignore_imports"):
        yield ""
        yield f"Except {_listed(exceptions)}."


def _lines(contract: Contract) -> Iterator[str]:
    if contract["type"] == "forbidden":
        sources, targets = _listed(contract["source_modules"]), _listed(contract["forbidden_modules"])
        exceptions = contract.get("ignore_imports")
        words = f", except {_listed(exceptions)}" if exceptions else ""
        yield f"- **{contract['name']}**: no import of {targets} in {sources}{words}."
    elif contract["type"] == "acyclic_siblings":
        yield f"- **{contract['name']}**: none in {_listed(contract['ancestors'])} and in all packages below."
    else:
        raise ValueError(f"the contract {contract['name']!r} has the type {contract['type']!r}, which cannot be drawn")


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def updated(document: str) -> str:
    """Return the document with the block between the markers drawn anew. Raises ValueError if it lacks a marker."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{DOCUMENT} lacks {BEGIN!r} or {END!r}")
    return f"{before}{BEGIN}\n\n{drawn(contracts())}\n\n{END}{after}"


if __name__ == "__main__":
    DOCUMENT.write_text(updated(DOCUMENT.read_text()))
