"""The training form of the admin."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.validators import MaxValueValidator

from recommender.errors import TrainingRefused
from recommender.models import MAX_EPOCHS, ModelVersion, Role
from recommender.versions import methods

if TYPE_CHECKING:
    VersionModelForm = forms.ModelForm[ModelVersion]
else:
    VersionModelForm = forms.ModelForm  # generic in the stubs alone


class SettingsField(forms.JSONField):
    """Settings as JSON, displayed again also where a text holds a lone surrogate, which UTF-8 cannot encode."""

    def prepare_value(self, value: Any) -> Any:
        text = super().prepare_value(value)
        return text.encode(errors="backslashreplace").decode() if isinstance(text, str) else text  # as JSON's \uXXXX


class TrainForm(VersionModelForm):
    """Form to train a version; it names a setting that is not valid without asking a worker."""

    method = forms.ChoiceField()
    network = forms.CharField(
        required=False, max_length=100, help_text="Only for timm and open_clip: the name of one of their networks."
    )

    class Meta:
        model = ModelVersion
        fields = ["method", "network", "settings", "epochs", "seed", "activate_when_ready"]
        field_classes = {"settings": SettingsField}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        method = self.fields.get("method")  # the admin has no fields for a version that exists
        if isinstance(method, forms.ChoiceField):
            method.choices = [group for role in Role for group in method_groups(role)]
        if "epochs" in self.fields:
            self.fields["epochs"].validators.append(MaxValueValidator(MAX_EPOCHS))

    def clean_settings(self) -> dict[str, Any]:
        settings = self.cleaned_data["settings"] or {}
        if not isinstance(settings, dict):
            raise forms.ValidationError('Settings are an object with names and values, such as {"image_size": 64}.')
        return settings

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "method" in cleaned and self._add_network(cleaned) and "settings" in cleaned:
            try:
                methods.check_settings(cleaned["method"], cleaned["settings"])
            except TrainingRefused as error:
                self.add_error("settings", str(error))
        return cleaned

    def _add_network(self, cleaned: dict[str, Any]) -> bool:
        """Add the name of a library's network to the method: LIBRARY:NAME. Return whether this is one."""
        network = cleaned.get("network", "")
        if cleaned["method"] in methods.patterns():
            cleaned["method"] += f":{network}"
            try:
                methods.role_of(cleaned["method"])
            except TrainingRefused as error:
                self.add_error("network", str(error))
                return False
        elif network:
            self.add_error("network", f"{cleaned['method']} is no library: leave this empty.")
        return True


def method_groups(role: Role) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the role's methods as choices in groups: one for the role, and one for each summary of several methods."""
    single: list[tuple[str, str]] = []
    several: list[tuple[str, list[tuple[str, str]]]] = []
    for summary, names in methods.by_summary(role):
        if len(names) == 1:
            single.append((names[0], f"{names[0]}: {summary}"))
        else:
            several.append((summary, [(name, name) for name in names]))
    if role == Role.SIMILAR:
        single += [(name, f"{name}: one of its networks, named below") for name in methods.patterns()]
    return [(role.label, single), *several]
