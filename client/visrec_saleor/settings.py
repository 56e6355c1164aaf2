"""Settings of the receiver, from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass


class SettingMissing(Exception):
    """A variable of the environment is not set; the message names it."""


@dataclass(frozen=True)
class Settings:
    """Where both shops are, and how a product of Saleor is shown."""

    visrec: str  # origin
    secret_key: str  # of VisRec, with the scopes catalogue:write and events:write
    saleor: str  # origin, whose keys sign the webhooks
    channel: str  # whose products and prices are taken
    page: str  # of a product in the storefront, with {slug} or {id}; "" for none
    token: str  # of an app in Saleor, for `sync` alone


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings. Raises SettingMissing."""
    missing = [name for name in ("VISREC_URL", "VISREC_SECRET_KEY", "SALEOR_URL") if not environment.get(name)]
    if missing:
        raise SettingMissing(f"{', '.join(missing)} must be set in the environment; see docs/adopt.md")
    return Settings(
        visrec=environment["VISREC_URL"].rstrip("/"),
        secret_key=environment["VISREC_SECRET_KEY"],
        saleor=environment["SALEOR_URL"].rstrip("/"),
        channel=environment.get("SALEOR_CHANNEL", "default-channel"),
        page=environment.get("SALEOR_PAGE", ""),
        token=environment.get("SALEOR_TOKEN", ""),
    )
