"""What visitors and staff type, checked."""

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from catalog import pictures
from catalog.errors import UnreadablePicture
from recommender import tasks, versions
from recommender.errors import WorkersAway
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
            self.fields["method"].choices = [group for role in Role for group in groups_of(role)]

    def clean_settings(self) -> dict:
        settings = self.cleaned_data["settings"] or {}
        if not isinstance(settings, dict):
            raise forms.ValidationError('Settings are names and values, such as {"image_size": 64}.')
        return settings

    def clean(self) -> dict:
        asked = super().clean()
        if asked.get("settings") and "method" in asked:
            try:
                refusal = tasks.refusal(asked["method"], asked["settings"])
            except WorkersAway as error:
                refusal = f"They cannot be checked: {error}"
            if refusal:
                self.add_error("settings", refusal)
        return asked


def groups_of(role: Role) -> list[tuple[str, list[tuple[str, str]]]]:
    """Methods to choose from, under headings; those that one summary describes are under it."""
    single, several = [], []
    for summary, names in versions.methods(role):
        if len(names) == 1:
            single.append((names[0], f"{names[0]}: {summary}"))
        else:
            several.append((summary, [(name, name) for name in names]))
    return [(role.label, single), *several]
