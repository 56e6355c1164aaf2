"""Networks of timm, by its own names."""

import difflib
import sys
from functools import cache
from pathlib import Path
from typing import Any

import timm
import timm.data.config
import torch

from ml.configs.encoders import LIBRARIES, TimmConfig
from ml.errors import BadSetting, BadWeights, UnknownMethod
from ml.models.pretrained_network import PretrainedNetwork
from ml.nn import pretrained

# What timm raises for a size that a network does not take, and its converters for another network's file.
REFUSALS = (AssertionError, AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError)


class TimmNetwork(PretrainedNetwork[TimmConfig]):
    """The last features before the classifier of one of timm's networks, normalised as timm does it for its weights.

    A name may have the tag of weights, as in vit_small_patch14_dinov2.lvd142m, which decides on the normalisation and
    the size. Images are made small as for all methods here, with their ratio kept and without a crop: timm's own way
    is another filter and a crop to the centre.
    """

    def __init__(self, config: TimmConfig) -> None:
        name = self.method.partition(":")[2]
        network = _build(name, config.image_size)
        data: dict[str, Any] = timm.data.config.resolve_model_data_config(network)
        all_keys = network.state_dict().keys()
        network.reset_classifier(0)
        side = config.image_size or max(data["input_size"][1:])
        super().__init__(
            config, network, network.head_hidden_size, side, torch.tensor(data["mean"]), torch.tensor(data["std"])
        )
        self.removed_keys = all_keys - network.state_dict().keys()

    def load_weights(self) -> None:
        tensors = pretrained.read_weights(Path(self.config.weights).expanduser())
        source = f"{self.config.weights} for {self.method}"
        convert = getattr(sys.modules[type(self.network).__module__], "checkpoint_filter_fn", None)
        if convert is not None:  # from its authors' keys, and from positions of another size
            try:
                tensors = convert(tensors, self.network)
            except REFUSALS as error:
                raise BadWeights(f"{source} does not fit: {error!r}") from error
        pretrained.load_weights(self.network, tensors, self.removed_keys, source)


def _build(name: str, side: int) -> Any:  # a module with timm's methods
    """Build the whole network. Raises UnknownMethod, or BadSetting for a size that it does not take."""
    architecture = name.partition(".")[0]
    if not timm.is_model(architecture):
        near = difflib.get_close_matches(architecture, timm.list_models(), 5)
        known = ", ".join(near or [LIBRARIES["timm"].example])
        raise UnknownMethod(f"timm has no network called {architecture!r}; it has {known} and others")
    if name != architecture and name not in timm.list_pretrained(f"{architecture}.*"):
        tags = [each.partition(".")[2] for each in timm.list_pretrained(f"{architecture}.*")]
        raise UnknownMethod(f"timm has no weights called {name!r}; there are: {', '.join(tags) or 'none'}")
    if not side:
        return timm.create_model(name)
    try:
        network = timm.create_model(**timm.models.resolve_model_input_args(name, {"img_size": side}))
        with torch.inference_mode():
            network.eval()(torch.zeros(1, 3, side, side))
    except REFUSALS as error:
        raise BadSetting(f"image_size is {side}; timm:{name} does not take it: {error}") from error
    return network


@cache
def _class_of(name: str) -> type[TimmNetwork]:
    return type(name, (TimmNetwork,), {"method": f"timm:{name}"})


def __getattr__(name: str) -> type[TimmNetwork]:
    """Return the class of the network of that name; it is created at the first use."""
    if name.startswith("__"):
        raise AttributeError(name)
    return _class_of(name)
