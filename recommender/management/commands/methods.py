import json
import textwrap
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from recommender.errors import TrainingRefused
from recommender.versions import methods

TYPES = {"integer": "whole number", "number": "number", "boolean": "yes or no", "string": "text"}
WIDTH = 110  # columns of a table; help texts are wrapped
GAP = 2  # spaces between columns


class Command(BaseCommand):
    help = "List the methods that a model version can be trained by, or the settings of one method."
    requires_system_checks = []  # it needs no database

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("method", nargs="?", metavar="METHOD", help="list the settings of this method")
        parser.add_argument("--json", action="store_true", help="print the settings as a JSON schema; needs METHOD")

    def handle(self, *, method: str | None, **options: Any) -> str:
        if method is None:
            if options["json"]:
                raise CommandError("--json needs a method: methods METHOD --json")
            return f"{methods.help_text()}\nThe settings of a method: manage.py methods METHOD"
        try:
            role = methods.role_of(method)
        except TrainingRefused as error:
            raise CommandError(str(error)) from error
        schema = methods.settings_schema(method)
        if options["json"]:
            return json.dumps(schema, indent=2)
        return f"{method}, for {role.label}\n{settings_table(schema)}"


def settings_table(schema: dict[str, Any]) -> str:
    """Return a table of the settings in a JSON schema: name, default, allowed values and help."""
    properties: dict[str, dict[str, Any]] = schema.get("properties", {})
    if not properties:
        return "It has no settings."
    rows = [("setting", "default", "values", "help")]
    rows += [
        (name, written(field["default"]), allowed_values(field), field["description"])
        for name, field in properties.items()
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    indent = sum(widths) + 3 * GAP
    below = "\n" + " " * indent
    return "\n".join(
        "".join(cell.ljust(width + GAP) for cell, width in zip(cells, widths, strict=True))
        + below.join(textwrap.wrap(text, max(WIDTH - indent, 40)))
        for *cells, text in rows
    )


def allowed_values(field: dict[str, Any]) -> str:
    """Return the values that a setting takes, such as "whole number, 1 to 8"."""
    if "enum" in field:
        return " | ".join(written(value) for value in field["enum"])
    bounds = [f"{field[bound]:g}" for bound in ("minimum", "maximum") if bound in field]
    return f"{TYPES[field['type']]}, {' to '.join(bounds)}" if bounds else TYPES[field["type"]]


def written(value: object) -> str:
    """Return a value as --set takes it."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
