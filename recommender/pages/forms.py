"""Forms of the recommender's pages."""

import base64
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings

from catalog.errors import UnreadableImage
from catalog.images import Box
from catalog.models import Category, Product
from recommender.designs import lifecycle
from recommender.models import Design, Role
from recommender.pages.shown_photo import ShownPhoto
from recommender.serving import photos
from recommender.versions import queries

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

# The positions of the slider between "More me" and "More real": eta, the weight of realism, and the words shown.
BALANCE = {
    0.0: "my taste alone",
    0.1: "nearly all my taste",
    0.3: "more my taste",
    1.0: "both alike",
    3.0: "more real",
    10.0: "as real as possible",
}
ETAS = list(BALANCE)


class PhotoSearchForm(forms.Form):
    """Photo of a visitor and the part of it to search by; `cleaned_data["shown"]` has both, and nothing is stored."""

    image = forms.FileField(required=False, error_messages={"empty": "The file is empty."})
    camera = forms.FileField(required=False, error_messages={"empty": "The file is empty."})  # of a phone
    photo = forms.CharField(required=False)  # base64: the page has the photo that it shows, as the shop keeps none
    box = forms.CharField(required=False)  # four shares, separated by commas
    left = forms.FloatField(required=False, min_value=0, max_value=100)  # in percent, as the others
    top = forms.FloatField(required=False, min_value=0, max_value=100)
    right = forms.FloatField(required=False, min_value=0, max_value=100)
    bottom = forms.FloatField(required=False, min_value=0, max_value=100)

    def clean(self) -> dict[str, Any]:
        if self.errors:
            return self.cleaned_data
        name, data = self.uploaded()
        box = self.chosen_box()
        try:
            return {"shown": ShownPhoto(photos.read_photo(data, box))}
        except UnreadableImage as error:
            raise forms.ValidationError(f"{name}: {error}.") from error

    def uploaded(self) -> tuple[str, bytes]:
        """Return the name and the bytes of the photo. Raises ValidationError."""
        upload: UploadedFile[bytes] | None = self.cleaned_data["image"] or self.cleaned_data["camera"]
        if upload is None:
            try:
                data = base64.b64decode(self.cleaned_data["photo"], validate=True)
            except ValueError:
                data = b""
            if not data:
                raise forms.ValidationError("Choose a photo first.")
            return "Your photo", data
        size = upload.size or 0
        if size > settings.MAX_IMAGE_BYTES:
            raise forms.ValidationError(
                f"The file has {size / 1e6:.1f} MB; at most {settings.MAX_IMAGE_BYTES / 1e6:g} MB are allowed."
            )
        return upload.name or "Your photo", upload.read()

    def chosen_box(self) -> Box | None:
        """Return the part that the visitor chose, by a button or by four numbers; None for none, or for all.

        Raises ValidationError.
        """
        box, edges = self.cleaned_data["box"], [self.cleaned_data[name] for name in photos.EDGES]
        if not box and (None in edges or edges == [0, 0, 100, 100]):
            return None
        try:
            return photos.make_box([float(edge) for edge in box.split(",")] if box else [edge / 100 for edge in edges])
        except ValueError as error:
            raise forms.ValidationError(f"That is no part of the photo: {error}") from error


class Slider(forms.NumberInput):
    """Number as an <input type="range">."""

    input_type = "range"


class DesignForm(forms.Form):
    """Request for new images of a category."""

    category = forms.ModelChoiceField(
        Category.objects.none(),
        empty_label=None,
        error_messages={"invalid_choice": "The generator has not learned this category."},
    )
    balance = forms.TypedChoiceField(
        coerce=int,
        choices=list(enumerate(BALANCE.values())),
        initial=ETAS.index(1.0),
        label="How it is made",
        widget=Slider(attrs={"min": 0, "max": len(BALANCE) - 1, "step": 1, "data-words": "|".join(BALANCE.values())}),
    )

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, initial: MutableMapping[str, Any] | None = None
    ) -> None:
        super().__init__(data, initial=initial, label_suffix="")
        generator = queries.active_version(Role.DESIGN)
        if generator:
            category = self.fields["category"]
            assert isinstance(category, forms.ModelChoiceField)
            category.queryset = lifecycle.categories_of(generator)

    @classmethod
    def from_design(cls, design: Design) -> "DesignForm":
        """Return a form with the parameters of this design; the slider is at the nearest position."""
        balance = min(range(len(ETAS)), key=lambda index: abs(ETAS[index] - design.eta))
        return cls(initial={"category": design.category_id, "balance": balance})

    @property
    def eta(self) -> float:
        """Return the weight of realism at the slider's position."""
        index: int = self.cleaned_data["balance"]
        return ETAS[index]


class TailorForm(forms.Form):
    """Request to change a product towards the shopper's taste."""

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

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, initial: MutableMapping[str, Any] | None = None
    ) -> None:
        super().__init__(data, initial=initial, label_suffix="")

    @classmethod
    def from_design(cls, design: Design) -> "TailorForm":
        """Return a form with the parameters of this tailored product."""
        assert design.product is not None and design.budget is not None  # by a database constraint
        return cls(initial={"sku": design.product.sku, "change": round(100 * design.budget)})

    @property
    def budget(self) -> float:
        """Return the largest change, 0 to 1, as the mean over pixels."""
        percent: int = self.cleaned_data["change"] or self.fields["change"].initial
        return percent / 100
