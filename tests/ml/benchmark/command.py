import json
from pathlib import Path

from ml.__main__ import main


def compared(out: Path, *arguments: object) -> dict:
    assert main(["compare", *map(str, arguments), "--json", str(out)]) == 0
    return json.loads(out.read_text(encoding="utf-8"))
