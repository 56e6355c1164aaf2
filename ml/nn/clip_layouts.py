"""Keys of CLIP's weights: those of the library transformers, by which FashionCLIP is published, as open_clip's."""

import re

import torch
from torch import Tensor

TOKENS = "text_model.embeddings.token_embedding.weight"
LAYER = re.compile(r"(text|vision)_model\.encoder\.layers\.(\d+)\.(.+)")
TOWERS = {"text": "transformer.resblocks", "vision": "visual.transformer.resblocks"}
IN_LAYER = {
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
    "self_attn.out_proj": "attn.out_proj",
}
OUTSIDE = {
    TOKENS: "token_embedding.weight",
    "text_model.embeddings.position_embedding.weight": "positional_embedding",
    "text_model.final_layer_norm.weight": "ln_final.weight",
    "text_model.final_layer_norm.bias": "ln_final.bias",
    "vision_model.embeddings.class_embedding": "visual.class_embedding",
    "vision_model.embeddings.patch_embedding.weight": "visual.conv1.weight",
    "vision_model.embeddings.position_embedding.weight": "visual.positional_embedding",
    "vision_model.pre_layrnorm.weight": "visual.ln_pre.weight",  # spelled like this
    "vision_model.pre_layrnorm.bias": "visual.ln_pre.bias",
    "vision_model.post_layernorm.weight": "visual.ln_post.weight",
    "vision_model.post_layernorm.bias": "visual.ln_post.bias",
}
TRANSPOSED = {"text_projection.weight": "text_projection", "visual_projection.weight": "visual.proj"}
COUNTED = re.compile(r"(text|vision)_model\.embeddings\.position_ids|logit_scale")  # not learned, or of the loss


def is_of_transformers(tensors: dict[str, Tensor]) -> bool:
    """Return whether the keys are those of a CLIPModel of the library transformers."""
    return TOKENS in tensors


def from_transformers(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors of a CLIPModel by the keys of open_clip's CLIP; a key that is unknown stays as it is.

    The three projections of an attention are one matrix there. Raises KeyError if one of them is missing.
    """
    converted: dict[str, Tensor] = {}
    for key, tensor in tensors.items():
        if key in OUTSIDE:
            converted[OUTSIDE[key]] = tensor
        elif key in TRANSPOSED:
            converted[TRANSPOSED[key]] = tensor.T.contiguous()
        elif found := LAYER.fullmatch(key):
            converted |= _convert_in_layer(tensors, *found.groups())
        elif not COUNTED.fullmatch(key):
            converted[key] = tensor
    return converted


def _convert_in_layer(tensors: dict[str, Tensor], tower: str, number: str, name: str) -> dict[str, Tensor]:
    module, _, kind = name.rpartition(".")
    layer = f"{tower}_model.encoder.layers.{number}"
    target = f"{TOWERS[tower]}.{number}"
    if module in IN_LAYER:
        return {f"{target}.{IN_LAYER[module]}.{kind}": tensors[f"{layer}.{name}"]}
    if module == "self_attn.q_proj":
        parts = [tensors[f"{layer}.self_attn.{part}_proj.{kind}"] for part in "qkv"]
        return {f"{target}.attn.in_proj_{kind}": torch.cat(parts)}
    if module in ("self_attn.k_proj", "self_attn.v_proj"):
        return {}  # with q
    return {f"{layer}.{name}": tensors[f"{layer}.{name}"]}
