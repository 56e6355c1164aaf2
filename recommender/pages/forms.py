"""What visitors and staff type, checked."""

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from catalog import images
from catalog.errors import UnreadableImage
from catalog.models import Category, Product
from recommender.designs import lifecycle
from recommender.models import Design, Role
from recommender.serving.photos import PHOTO_PIXELS
from recommender.versions import queries

# What the places of the slider between "more me" and "more real" mean: what looking real weighs, and how it is called.
BALANCE = {
    0.0: "my taste alone",
    0.1: "nearly all my taste",
    0.3: "more my taste",
    1.0: "both alike",
    3.0: "more real",
    10.0: "as real as can be",
}


class PhotoForm(forms.Form):
    """A visitor's photo; `cleaned_data["image"]` is a small JPEG of it, and nothing is stored."""

    image = forms.FileField(
        label="A photo of what you are looking for",
        error_messages={"required": "Choose a photo first.", "empty": "The file is empty."},
        widget=forms.FileInput(attrs={"accept": "image/*", "data-preview": "photo-preview"}),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, label_suffix="", **kwargs)

    def clean_image(self) -> bytes:
        upload: UploadedFile = self.cleaned_data["image"]
        if upload.size > settings.MAX_IMAGE_BYTES:
            raise forms.ValidationError(
                f"The file has {upload.size / 1e6:.1f} MB; at most {settings.MAX_IMAGE_BYTES / 1e6:g} MB are taken."
            )
        try:
            return images.shrink_to_jpeg(upload.read(), PHOTO_PIXELS)
        except UnreadableImage as error:
            raise forms.ValidationError(f"{upload.name}: {error}.") from error


class Slider(forms.NumberInput):
    input_type = "range"


class DesignForm(forms.Form):
    """What to make, and how freely; `eta` is what the slider says."""

    category = forms.ModelChoiceField(
        Category.objects.none(),
        empty_label=None,
        error_messages={"invalid_choice": "The generator has not learnt this category."},
    )
    balance = forms.TypedChoiceField(
        coerce=int,
        choices=list(enumerate(BALANCE.values())),
        initial=list(BALANCE).index(1.0),
        label="How it is made",
        widget=Slider(attrs={"min": 0, "max": len(BALANCE) - 1, "step": 1, "data-words": "|".join(BALANCE.values())}),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, label_suffix="", **kwargs)
        generator = queries.active_version(Role.DESIGN)
        if generator:
            self.fields["category"].queryset = lifecycle.categories_of(generator)

    @classmethod
    def like(cls, design: Design) -> "DesignForm":
        """As the design was asked for."""
        balance = min(range(len(BALANCE)), key=lambda place: abs(list(BALANCE)[place] - design.eta))
        return cls(initial={"category": design.category_id, "balance": balance})

    @property
    def eta(self) -> float:
        return list(BALANCE)[self.cleaned_data["balance"]]


class TailorForm(forms.Form):
    """A product to be made more the shopper's own; `budget` is what the slider says."""

    sku = forms.ModelChoiceField(
        Product.objects.visible().filter(images__isnull=False).distinct(),
        to_field_name="sku",
        error_messages={"invalid_choice": "There is no such product with a picture."},
    )
    change = forms.IntegerField(
        min_value=1,
        max_value=30,
        initial=5,
        required=False,
        label="How much may change",
        widget=Slider(attrs={"min": 1, "max": 30, "step": 1, "data-unit": " %"}),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, label_suffix="", **kwargs)

    @classmethod
    def like(cls, design: Design) -> "TailorForm":
        return cls(initial={"sku": design.product.sku, "change": round(100 * design.budget)})

    @property
    def budget(self) -> float:
        return (self.cleaned_data["change"] or self.fields["change"].initial) / 100
