"""Forms of the admin: a product with its images."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings

from catalog.errors import UnreadableImage
from catalog.images import PATIENCE, DecodedImage, read_image
from catalog.models import Product, ProductImage

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

    ProductModelForm = forms.ModelForm[Product]
    ImageModelForm = forms.ModelForm[ProductImage]
else:
    ProductModelForm = ImageModelForm = forms.ModelForm  # generic in the stubs alone


class MultipleFileInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class ImagesField(forms.FileField):
    """Any number of uploaded images; each that cannot be read is an error that names it."""

    widget = MultipleFileInput

    def clean(self, data: "Sequence[UploadedFile[bytes]] | None", initial: object = None) -> list[DecodedImage]:
        images, problems = [], []
        for upload in data or []:
            size = upload.size or 0
            if size > settings.MAX_IMAGE_BYTES:
                problems.append(f"{upload.name}: {size:,} bytes; at most {settings.MAX_IMAGE_BYTES:,} are taken.")
                continue
            try:
                images.append(read_image(upload.read(), PATIENCE))
            except UnreadableImage as error:
                problems.append(f"{upload.name}: {error}.")
        if problems:
            raise forms.ValidationError(problems)
        return images


class ProductForm(ProductModelForm):
    pictures = ImagesField(
        label="Add pictures", required=False, help_text="One or several; they are added behind the present ones."
    )

    class Meta:
        model = Product
        fields = ["sku", "title", "category", "price", "currency", "in_stock", "is_hidden", "url", "attributes"]

    def clean_pictures(self) -> list[DecodedImage]:
        images: list[DecodedImage] = self.cleaned_data["pictures"]
        if not images and self.instance.pk is None:
            raise forms.ValidationError("A product needs a picture: without one it is never similar to anything.")
        return images

    def clean_attributes(self) -> dict[str, object]:
        attributes = self.cleaned_data["attributes"] or {}
        if not isinstance(attributes, dict):
            raise forms.ValidationError('Attributes are names and values, such as {"colour": "red"}.')
        return attributes


class ImageForm(ImageModelForm):
    """The place of one image among its product's images, counted from 1."""

    place = forms.IntegerField(min_value=1, widget=forms.NumberInput(attrs={"class": "place"}))

    class Meta:
        model = ProductImage
        fields: Sequence[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["place"] = self.instance.position + 1
