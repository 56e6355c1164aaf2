"""Forms of the admin: a product with its images, the bulk import."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings

from catalog.errors import ImportFailed, UnreadableImage
from catalog.images import PATIENCE, DecodedImage, read_image
from catalog.importers import profiles
from catalog.models import ImportProfile, Product, ProductImage

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


class ImportForm(forms.Form):
    source = forms.FileField(
        label="File",
        help_text="A zip with pictures and a table, a zip with pictures in folders, a CSV file or a workbook of Excel.",
    )
    profile = forms.ModelChoiceField(
        ImportProfile.objects.all(),
        required=False,
        help_text="A choice of columns that was kept. What is written below goes before it.",
    )
    columns = forms.CharField(
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Columns that are not to be recognised, one a line: Artikelnr=sku",
    )
    keep_as = forms.CharField(
        required=False, max_length=100, help_text="Keeps these columns under a name once the file is imported."
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        profile = values.get("profile")
        try:
            written = profiles.parse([line for line in values.get("columns", "").splitlines() if line.strip()])
        except ImportFailed as error:
            raise forms.ValidationError({"columns": str(error).removeprefix("--set ")}) from error
        return values | {"chosen": (dict(profile.columns) if profile else {}) | written}
