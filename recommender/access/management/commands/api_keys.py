import argparse
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from recommender.access import keys
from recommender.access.errors import KeyEnded
from recommender.access.models import LONGEST, ApiKey, KeyKind
from recommender.access.scopes import SCOPES


class Command(BaseCommand):
    help = "Create, list, rotate and revoke API keys. A secret is printed once, when it is created."

    def add_arguments(self, parser: CommandParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True, metavar="STEP")
        create = steps.add_parser("create", help="create a key and print it")
        create.add_argument("name", help="what uses it")
        create.add_argument("--kind", choices=KeyKind.values, default=KeyKind.SECRET.value)
        create.add_argument("--scope", action="append", choices=list(SCOPES), help="of a secret key; may be repeated")
        create.add_argument("--origin", action="append", help="of a publishable key: https://shop.example; repeated")
        create.add_argument("--rate", type=int, metavar="N", help="requests a minute")
        create.add_argument(
            "--days", type=whole(1, LONGEST.days), metavar="N", help="days after which it expires; never by default"
        )
        steps.add_parser("list", help="list all keys")
        rotate = steps.add_parser("rotate", help="create a key like another, which ends later, and print it")
        rotate.add_argument("id", type=int)
        hours = whole(0, keys.MAX_OVERLAP // timedelta(hours=1))
        rotate.add_argument(
            "--overlap", type=hours, default=24, metavar="HOURS", help="for which both work; default: 24"
        )
        revoke = steps.add_parser("revoke", help="stop a key at once")
        revoke.add_argument("id", type=int)

    def handle(self, *, step: str, **options: Any) -> str:
        if step == "list":
            return "\n".join(line_of(key) for key in ApiKey.objects.all()) or "There are no keys."
        if step == "create":
            return self.create(options)
        key = ApiKey.objects.filter(pk=options["id"]).first()
        if key is None:
            raise CommandError(f"there is no key {options['id']}; api_keys list shows all")
        if step == "rotate":
            return self.rotate(key, options["overlap"])
        keys.revoke(key)
        return f"{key} is revoked."

    def create(self, options: dict[str, Any]) -> str:
        days = options["days"]
        try:
            key, secret = keys.create(
                options["name"],
                KeyKind(options["kind"]),
                scopes=options["scope"],
                origins=options["origin"],
                rate=options["rate"],
                expires_at=None if days is None else timezone.now() + timedelta(days=days),
            )
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        return f"{line_of(key)}\n{secret}"

    def rotate(self, key: ApiKey, hours: int) -> str:
        try:
            created, secret = keys.rotate(key, timedelta(hours=hours))
        except KeyEnded as error:
            raise CommandError(str(error)) from error
        return f"{line_of(created)}\n{secret}"


def whole(least: int, most: int) -> Callable[[str], int]:
    """Return the type of an argument that is a whole number within these bounds."""

    def number(text: str) -> int:
        if not (text.isdecimal() and least <= int(text) <= most):
            raise argparse.ArgumentTypeError(f"a whole number from {least} to {most:,} is expected, not {text!r}")
        return int(text)

    return number


def line_of(key: ApiKey) -> str:
    """Return a line about a key, without its secret."""
    if key.revoked_at:
        end = f"revoked {key.revoked_at:%Y-%m-%d %H:%M}"
    else:
        end = f"ends {key.expires_at:%Y-%m-%d %H:%M}" if key.expires_at else "never ends"
    used = f"used {key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
    return f"{key.pk}  {key.prefix}…  {key.name}  {key.kind}  {','.join(key.scopes or key.origins)}  {end}  {used}"
