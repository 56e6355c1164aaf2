import open_clip
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch.testing import assert_close
from torchvision.transforms.functional import normalize

from ml.errors import BadSetting, BadWeights, UnknownMethod
from ml.models.factory import create
from ml.training import checkpoints
from ml.training.loop import fit
from tests.ml.encoders import build_clip, save_tokenizer, save_weights
from tests.ml.worlds import exhaust, toy_images, vectors_of

TEXTS = ["a red bag", "Blue shoe!"]


def ready(name, weights, **settings):
    model = create(f"open_clip:{name}", weights=str(weights), **settings)
    exhaust(fit(model, toy_images(12, model.image_size[0])))
    return model


@pytest.fixture(scope="module")
def clip():
    return build_clip()


@pytest.fixture
def weights(clip, tmp_path):
    return save_weights(clip, tmp_path / "w.pt")


@pytest.fixture(scope="module")
def siglip():
    return build_clip("tiny-SigLIP")


def test_images_and_texts_are_embedded_as_by_open_clip(clip, weights):
    model = ready("tiny", weights)
    images = toy_images(3).batch(range(3))

    with torch.inference_mode():
        pixels = normalize(images, open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD)
        assert_close(model.embed(images), clip.encode_image(pixels, normalize=True), rtol=1e-3, atol=1e-5)
        expected = clip.encode_text(open_clip.get_tokenizer("tiny")(TEXTS), normalize=True)
        assert_close(model.embed_texts(TEXTS), expected, rtol=1e-3, atol=1e-5)


def test_a_trained_version_reads_texts_without_any_file(weights, tmp_path):
    model = ready("tiny", weights)
    checkpoints.save(model, tmp_path / "version")

    (tmp_path / "w.pt").unlink()
    loaded = checkpoints.load(tmp_path / "version")

    with torch.inference_mode():
        assert torch.equal(loaded.embed_texts(TEXTS), model.embed_texts(TEXTS))
    assert torch.equal(vectors_of(loaded), vectors_of(model))


def test_a_tokenizer_of_another_library_travels_with_the_version(siglip, tmp_path):
    weights, folder = save_weights(siglip, tmp_path / "w.pt"), save_tokenizer(tmp_path / "words")
    model = ready("tiny-SigLIP", weights, tokenizer=folder)
    checkpoints.save(model, tmp_path / "version")
    for file in (tmp_path / "words").iterdir():
        file.unlink()

    loaded = checkpoints.load(tmp_path / "version")

    tokens = torch.tensor([[3, 4, 6, 0, 1, 1, 1, 1], [5, 7, 0, 1, 1, 1, 1, 1]])  # in lower case, without punctuation
    with torch.inference_mode():
        expected = siglip.encode_text(tokens, normalize=True)
        assert_close(loaded.embed_texts(TEXTS), expected, rtol=1e-3, atol=1e-5)
        pixels = normalize(toy_images(3).batch(range(3)), open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD)
        assert_close(vectors_of(loaded, 3), siglip.encode_image(pixels, normalize=True), rtol=1e-3, atol=1e-5)


def test_without_its_tokenizer_it_says_what_is_missing(siglip, tmp_path):
    weights = save_weights(siglip, tmp_path / "w.pt")

    with pytest.raises(BadWeights, match="tokenizer of shop/tiny-siglip, which is not part of open_clip: give tok"):
        create("open_clip:tiny-SigLIP", weights=weights).check()
    with pytest.raises(BadWeights, match=r"none/tokenizer\.json: there is no such file"):
        create("open_clip:tiny-SigLIP", weights=weights, tokenizer=str(tmp_path / "none")).check()
    assert ready("tiny-SigLIP", weights, text=False).embed_texts(TEXTS) is None


def test_a_tokenizer_that_is_not_needed_is_refused(weights):
    with pytest.raises(BadSetting, match="tokenizer is 'words'; that of open_clip:tiny comes with open_clip"):
        create("open_clip:tiny", weights=weights, tokenizer="words")


def test_without_text_only_the_image_tower_is_stored(weights):
    whole, images = ready("tiny", weights), ready("tiny", weights, text=False, dimensions=8)

    assert images.embed_texts(TEXTS) is None
    assert images.dimensions == 8
    assert all(key.startswith("network.visual.") for key in images.state_dict() if key.startswith("network."))
    assert len(images.state_dict()) < len(whole.state_dict())


@pytest.mark.parametrize("wrap", ["module.", "model.", "module.model."])
def test_files_of_trainings_and_wrappers_fit(clip, weights, tmp_path, wrap):
    state = {f"{wrap}{key}": tensor for key, tensor in clip.state_dict().items()}
    torch.save({"epoch": 3, "name": "x", "state_dict": state, "optimizer": {}}, tmp_path / "checkpoint.pt")
    save_file({key: tensor.contiguous() for key, tensor in state.items()}, tmp_path / "w.safetensors")

    expected = vectors_of(ready("tiny", weights))

    for name in ("checkpoint.pt", "w.safetensors"):
        assert torch.equal(vectors_of(ready("tiny", tmp_path / name)), expected)


def test_a_file_fits_the_other_arrangement_of_the_text_tower(weights):
    """CLIP's text tower has no prefix, that of most others has: open_clip renames the keys of the former."""
    plain, custom = ready("tiny", weights), ready("tiny-custom", weights)

    with torch.inference_mode():
        assert torch.equal(custom.embed_texts(TEXTS), plain.embed_texts(TEXTS))


def test_another_networks_weights_are_refused_with_both_names(siglip, tmp_path):
    weights = save_weights(siglip, tmp_path / "w.pt")

    with pytest.raises(BadWeights, match=r"w\.pt for open_clip:tiny does not fit: it lacks: .*excess"):
        create("open_clip:tiny", weights=weights).check()


def test_a_name_or_a_tag_that_open_clip_lacks_is_answered_with_those_it_has():
    with pytest.raises(UnknownMethod, match="open_clip has no network called 'ViT-B-31'; it has .*ViT-B-32"):
        create("open_clip:ViT-B-31", weights="w.pt")
    with pytest.raises(UnknownMethod, match="no weights 'best' of RN50; there are: openai"):
        create("open_clip:RN50.best", weights="w.pt")


def test_texts_that_need_the_library_transformers_are_refused():
    with pytest.raises(BadSetting, match="open_clip:roberta-ViT-B-32 reads texts as the library transformers does"):
        create("open_clip:roberta-ViT-B-32", weights="w.pt")


def test_a_search_is_for_the_same_direction_alone_as_in_a_batch(weights):
    model = ready("tiny", weights)

    with torch.inference_mode():
        together, alone = model.embed_texts(TEXTS), model.embed_texts(TEXTS[:1])

    assert_close(alone[0], together[0], rtol=1e-4, atol=1e-5)
    assert_close(together.norm(dim=1), torch.ones(2))
    assert not torch.allclose(together[0], together[1])
    assert F.cosine_similarity(together, vectors_of(model, 2)).isfinite().all()
