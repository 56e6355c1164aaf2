"""Collection of requests for Postman, HTTPie Desktop, Insomnia and Bruno, made of the OpenAPI document.

python client/postman.py client/openapi.json client/dist/visrec.postman_collection.json
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FORMAT = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
SHOP = "http://127.0.0.1:8000"
METHODS = ("get", "post", "put", "patch", "delete")
JSON, FORM = "application/json", "multipart/form-data"

Object = dict[str, Any]


def collection_of(document: Mapping[str, Any]) -> Object:
    """Return the collection, a folder for each tag; the variables `shop` and `key` are set once for all requests."""
    folders: dict[str, list[Object]] = {}
    for tag, item in requests_of(document):
        folders.setdefault(tag, []).append(item)
    return {
        "info": {"name": document["info"]["title"], "version": document["info"]["version"], "schema": FORMAT},
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{key}}", "type": "string"}]},
        "variable": [{"key": "shop", "value": SHOP}, {"key": "key", "value": "", "description": "sk_…, or a token"}],
        "item": [{"name": tag, "item": items} for tag, items in folders.items()],
    }


def requests_of(document: Mapping[str, Any]) -> Iterator[tuple[str, Object]]:
    """Yield the tag and the request of each operation."""
    for path, operations in document["paths"].items():
        for method in METHODS:
            if operation := operations.get(method):
                yield operation["tags"][0], request_of(document, path, method.upper(), operation)


def request_of(document: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any]) -> Object:
    """Return the request of an operation, with its example as the body; what may be left out is switched off."""
    parameters: dict[str, list[Object]] = {"path": [], "query": [], "header": [], "cookie": []}
    for parameter in operation.get("parameters", []):
        schema = parameter.get("schema", {})
        choices = schema.get("enum", [""]) if parameter.get("required") else [""]
        value = parameter.get("example", schema.get("example", schema.get("default", choices[0])))
        field = {"key": parameter["name"], "value": str(value), "description": parameter.get("description", "")}
        if parameter["in"] in ("query", "header"):
            field["disabled"] = not parameter.get("required", False)
        parameters[parameter["in"]].append(field)
    address = re.sub(r"\{(\w+)\}", r":\1", path)
    request = {
        "method": method,
        "description": operation.get("description", ""),
        "header": parameters["header"],
        "url": {
            "raw": f"{{{{shop}}}}{address}",
            "host": ["{{shop}}"],
            "path": address.removeprefix("/").split("/"),
            "query": parameters["query"],
            "variable": parameters["path"],
        },
    }
    contents = operation.get("requestBody", {}).get("content", {})
    if JSON in contents:
        example = json.dumps(contents[JSON]["example"], indent=2, ensure_ascii=False)
        request["body"] = {"mode": "raw", "raw": example, "options": {"raw": {"language": "json"}}}
        request["header"] = [{"key": "Content-Type", "value": JSON}, *parameters["header"]]
    elif FORM in contents:
        request["body"] = {"mode": "formdata", "formdata": fields_of(document, contents[FORM]["schema"])}
    return {"name": operation["summary"], "request": request}


def fields_of(document: Mapping[str, Any], schema: Mapping[str, Any]) -> list[Object]:
    """Return the fields of a form; those that are required are switched on."""
    form = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return [
        {
            "key": name,
            "type": "file" if field.get("format") == "binary" else "text",
            "description": field.get("description", ""),
            "disabled": name not in form.get("required", []),
        }
        for name, field in form["properties"].items()
    ]


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(collection_of(json.loads(source.read_text())), indent=1, ensure_ascii=False))
