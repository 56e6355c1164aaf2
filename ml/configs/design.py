"""Configs of the methods that make designs."""

from typing import Annotated, Literal

from pydantic import Field

from ml.configs.base import Config


class LsganConfig(Config):
    published = {"recipe": "published"}

    reading: Annotated[
        Literal["ours", "published"], Field(description="'published' chooses the recipe of that name.")
    ] = "ours"
    recipe: Annotated[
        Literal["stable", "published"], Field(description="'stable' is our own; 'published' is DVBPR's, unchanged.")
    ] = "stable"
    width: Annotated[
        int, Field(ge=0, le=256, description="Channels of the discriminator's first layer; 0 is the recipe's own.")
    ] = 0
    batch_size: Annotated[int, Field(ge=0, le=4096, description="Images in a batch; 0 is the recipe's own.")] = 0
    alone: Annotated[
        float, Field(ge=0, le=1, description="Share of a 'stable' training before the discriminator joins in.")
    ] = 0.15
