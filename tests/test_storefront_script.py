"""visrec.js as a browser gets it: small, and by the hash that the documentation and the example have."""

import base64
import gzip
import hashlib
import re

from tests.shop.shop import ROOT

SCRIPT = ROOT / "static" / "visrec.js"
MOST_BYTES = 10_000  # compressed
INTEGRITY = re.compile(r'/static/visrec/([\d.]+)\.js"\s+integrity="(sha384-[^"]+)"')


def hash_of(version: str) -> str:
    content = (ROOT / "static" / "visrec" / f"{version}.js").read_bytes()
    return f"sha384-{base64.b64encode(hashlib.sha384(content).digest()).decode()}"


def test_it_is_the_newest_version_and_says_which():
    versions = sorted((ROOT / "static" / "visrec").glob("*.js"), key=lambda path: [*map(int, path.stem.split("."))])

    assert SCRIPT.read_bytes() == versions[-1].read_bytes()
    for path in versions:
        assert path.read_text().startswith(f"/*! visrec.js {path.stem},")
        assert f'version: "{path.stem}"' in path.read_text()


def test_it_is_small():
    assert len(gzip.compress(SCRIPT.read_bytes())) < MOST_BYTES


def test_its_hash_is_the_one_in_the_documentation_and_in_the_example():
    for path in ("docs/storefront.md", "visrec_site/storefront.html"):
        found = INTEGRITY.findall((ROOT / path).read_text())
        assert found and all(integrity == hash_of(version) for version, integrity in found), path
