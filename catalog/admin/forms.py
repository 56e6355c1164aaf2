"""Forms of the admin: a product with its images, the bulk import."""

from django import forms
from django.conf import settings

from catalog.errors import UnreadableImage
from catalog.images import DecodedImage, read_image
from catalog.models import Product, ProductImage


class SeveralFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class PicturesField(forms.FileField):
    """Any number of pictures; each that cannot be read is an error that names it."""

    widget = SeveralFiles

    def clean(self, data, initial=None) -> list[DecodedImage]:
        pictures, problems = [], []
        for upload in data or []:
            if upload.size > settings.MAX_IMAGE_BYTES:
                problems.append(
                    f"{upload.name}: {upload.size:,} bytes; at most {settings.MAX_IMAGE_BYTES:,} are taken."
                )
                continue
            try:
                pictures.append(read_image(upload.read()))
            except UnreadableImage as error:
                problems.append(f"{upload.name}: {error}.")
        if problems:
            raise forms.ValidationError(problems)
        return pictures


class ProductForm(forms.ModelForm):
    pictures = PicturesField(
        label="Add pictures", required=False, help_text="One or several; they come after those that are there."
    )

    class Meta:
        model = Product
        fields = ["sku", "title", "category", "price", "currency", "in_stock", "is_hidden", "attributes"]

    def clean_pictures(self) -> list[DecodedImage]:
        pictures = self.cleaned_data["pictures"]
        if not pictures and self.instance.pk is None:
            raise forms.ValidationError("A product needs a picture: without one it is never similar to anything.")
        return pictures

    def clean_attributes(self) -> dict:
        attributes = self.cleaned_data["attributes"] or {}
        if not isinstance(attributes, dict):
            raise forms.ValidationError('Attributes are names and values, such as {"colour": "red"}.')
        return attributes


class ImageForm(forms.ModelForm):
    """The place of one picture among its product's."""

    place = forms.IntegerField(min_value=1, widget=forms.NumberInput(attrs={"class": "place"}))

    class Meta:
        model = ProductImage
        fields = []

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["place"] = self.instance.position + 1


class ImportForm(forms.Form):
    source = forms.FileField(label="File", help_text="A zip with a table or folders and pictures, or a CSV.")
