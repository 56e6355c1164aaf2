"""The methods there are. Importing this does not import torch: `Method.load` and `create` do."""

import importlib
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ml.errors import UnknownMethod
from ml.models.backbone_names import BACKBONES

if TYPE_CHECKING:
    from ml.contract import Model


@dataclass(frozen=True)
class Method:
    name: str
    # "similar": pictures near each other; "personal": a shopper's vector times a product's; "design": new pictures
    role: str
    summary: str  # one line for --help
    path: str  # "module:Class" below ml.models

    def load(self) -> "type[Model]":
        module, _, name = self.path.partition(":")
        return getattr(importlib.import_module(f"ml.models.{module}"), name)


METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method("pixels", "similar", "the picture itself, small, on its principal components", "pixels:Pixels"),
        Method("histogram", "similar", "the colours of the foreground", "histogram:Histogram"),
        Method("hog", "similar", "oriented gradients on their principal components", "hog:Hog"),
        Method("hog+histogram", "similar", "oriented gradients and colours, two to one", "hog_histogram:HogHistogram"),
        Method("visrec", "similar", "our default: shape, a self-supervised network and colour", "visrec:Visrec"),
        Method("infogan", "similar", "what the discriminator of an InfoGAN sees, by distance", "infogan:Infogan"),
        Method("vae", "similar", "a small variational autoencoder's means, by distance", "vae:Vae"),
        Method("cae", "similar", "a convolutional autoencoder's bottleneck, by distance", "cae:Cae"),
        Method("age", "similar", "the codes of an encoder and a generator that play against each other", "age:Age"),
        *(
            Method(name, "similar", "torchvision's network, with ImageNet weights or weights=FILE", f"backbone:{name}")
            for name in BACKBONES
        ),
        Method(
            "hybrid", "personal", "our default: who took the same things, and pictures where few did", "hybrid:Hybrid"
        ),
        Method("popularity", "personal", "what most shoppers took, the same for all", "popularity:Popularity"),
        Method("bpr-mf", "personal", "shoppers' and products' factors by BPR, blind to pictures", "bpr_mf:BprMf"),
        Method("warp", "personal", "the same factors by WARP, which minds the top of the list", "warp:Warp"),
        Method(
            "visrank", "personal", "what looks like the things a shopper took; nothing is trained", "visrank:Visrank"
        ),
        Method("vbpr", "personal", "factors beside a second set, read off pictures' frozen features", "vbpr:Vbpr"),
        Method("deepstyle", "personal", "pictures' features less what is common to a category", "deepstyle:Deepstyle"),
        Method("dvbpr", "personal", "a network and shoppers' vectors, learned together by BPR", "dvbpr:Dvbpr"),
        Method("cae-bpr", "personal", "one layer on the code of a convolutional autoencoder", "cae_bpr:CaeBpr"),
        Method(
            "inception-bpr", "personal", "one layer on InceptionV3, or another network", "inception_bpr:InceptionBpr"
        ),
        Method("lsgan", "design", "a conditional GAN: new pictures of each of the shop's categories", "lsgan:Lsgan"),
    )
}


BLIND = ("popularity", "bpr-mf", "warp")  # personal methods that never look at pictures


def by_summary(role: str) -> Iterator[tuple[str, list[str]]]:
    """(summary, names) of a role's methods: one name each, but for those that one summary describes."""
    fitting = (method for method in METHODS.values() if method.role == role)
    for summary, methods in groupby(fitting, key=lambda method: method.summary):
        yield summary, [method.name for method in methods]


def listed(role: str) -> Iterator[str]:
    """Lines of a help text: one a method, and a paragraph for those that one summary describes."""
    for summary, names in by_summary(role):
        if len(names) == 1:
            yield f"  {names[0]:<13} {summary}"
        else:
            yield f"  {summary}:"
            yield textwrap.fill(", ".join(names), width=78, initial_indent="    ", subsequent_indent="    ")


def create(name: str, /, **settings: Any) -> "Model":
    """A new, untrained model. Settings may be strings, as a command line gives them.

    Raises UnknownMethod, or BadSetting with the setting, its value and what it takes.
    """
    if name not in METHODS:
        raise UnknownMethod(f"no method is called {name!r}; there are: {', '.join(METHODS)}")
    model_class = METHODS[name].load()
    return model_class(model_class.Config.of(**settings))
