import pytest
import torch

from ml.nn import clip_layouts
from tests.ml.encoders import build_clip

PARTS = {"ln_1": "layer_norm1", "ln_2": "layer_norm2", "mlp.c_fc": "mlp.fc1", "mlp.c_proj": "mlp.fc2"}


def as_of_transformers(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The weights of open_clip's CLIP by the keys of CLIPModel, as a CLIPModel of that library lists them."""
    text, vision = "text_model", "vision_model"
    there = {
        "logit_scale": state["logit_scale"],
        f"{text}.embeddings.position_ids": torch.arange(len(state["positional_embedding"]))[None],
        f"{text}.embeddings.token_embedding.weight": state["token_embedding.weight"],
        f"{text}.embeddings.position_embedding.weight": state["positional_embedding"],
        "text_projection.weight": state["text_projection"].T,
        f"{vision}.embeddings.class_embedding": state["visual.class_embedding"],
        f"{vision}.embeddings.patch_embedding.weight": state["visual.conv1.weight"],
        f"{vision}.embeddings.position_embedding.weight": state["visual.positional_embedding"],
        "visual_projection.weight": state["visual.proj"].T,
    }
    for kind in ("weight", "bias"):
        there[f"{text}.final_layer_norm.{kind}"] = state[f"ln_final.{kind}"]
        there[f"{vision}.pre_layrnorm.{kind}"] = state[f"visual.ln_pre.{kind}"]
        there[f"{vision}.post_layernorm.{kind}"] = state[f"visual.ln_post.{kind}"]
        for tower, prefix in ((text, ""), (vision, "visual.")):
            for layer in range(2):
                here, layer_there = f"{prefix}transformer.resblocks.{layer}", f"{tower}.encoder.layers.{layer}"
                for part, name in PARTS.items():
                    there[f"{layer_there}.{name}.{kind}"] = state[f"{here}.{part}.{kind}"]
                there[f"{layer_there}.self_attn.out_proj.{kind}"] = state[f"{here}.attn.out_proj.{kind}"]
                for name, third in zip("qkv", state[f"{here}.attn.in_proj_{kind}"].chunk(3), strict=True):
                    there[f"{layer_there}.self_attn.{name}_proj.{kind}"] = third
    return there


@pytest.fixture(scope="module")
def state():
    return build_clip().state_dict()


def test_the_keys_of_transformers_become_open_clips(state):
    there = as_of_transformers(state)

    converted = clip_layouts.from_transformers(there)

    assert clip_layouts.is_of_transformers(there) and not clip_layouts.is_of_transformers(state)
    assert converted.keys() == state.keys() - {"logit_scale"}
    assert all(torch.equal(converted[key], state[key]) for key in converted)


def test_an_attention_without_one_of_its_projections_is_an_error(state):
    there = as_of_transformers(state)
    del there["vision_model.encoder.layers.1.self_attn.k_proj.bias"]

    with pytest.raises(KeyError, match="k_proj.bias"):
        clip_layouts.from_transformers(there)


def test_keys_that_are_unknown_stay_and_so_are_named_when_they_do_not_fit(state):
    there = as_of_transformers(state) | {
        "vision_model.head.weight": torch.zeros(1),
        "text_model.encoder.layers.0.adapter.weight": torch.zeros(1),
    }

    converted = clip_layouts.from_transformers(there)

    assert {"vision_model.head.weight", "text_model.encoder.layers.0.adapter.weight"} < converted.keys()
