"""What visitors and staff type, checked."""

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from catalog import pictures
from catalog.errors import UnreadablePicture
from recommender import versions
from recommender.models import ModelVersion, Role

PHOTO_PIXELS = 256  # longest side of what a worker is handed; no method looks closer


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
            return pictures.reduced(upload.read(), PHOTO_PIXELS)
        except UnreadablePicture as error:
            raise forms.ValidationError(f"{upload.name}: {error}.") from error


class TrainForm(forms.ModelForm):
    method = forms.ChoiceField()

    class Meta:
        model = ModelVersion
        fields = ["method", "settings", "epochs", "seed", "activate_when_ready"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "method" in self.fields:  # not while the admin shows a version that is there
            self.fields["method"].choices = [(role.label, methods_of(role)) for role in Role]

    def clean_settings(self) -> dict:
        settings = self.cleaned_data["settings"] or {}
        if not isinstance(settings, dict):
            raise forms.ValidationError('Settings are names and values, such as {"image_size": 64}.')
        return settings


def methods_of(role: Role) -> list[tuple[str, str]]:
    return [(name, f"{name}: {summary}") for name, of, summary in versions.methods() if of == role]
