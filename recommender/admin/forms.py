"""The training form of the admin."""

from django import forms

from recommender.errors import TrainingRefused
from recommender.models import ModelVersion, Role
from recommender.versions import methods


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
        cleaned = super().clean()
        if "settings" in cleaned and "method" in cleaned:
            try:
                methods.check_settings(cleaned["method"], cleaned["settings"])
            except TrainingRefused as error:
                self.add_error("settings", str(error))
        return cleaned


def groups_of(role: Role) -> list[tuple[str, list[tuple[str, str]]]]:
    """Methods to choose from, under headings; those that one summary describes are under it."""
    single, several = [], []
    for summary, names in methods.by_summary(role):
        if len(names) == 1:
            single.append((names[0], f"{names[0]}: {summary}"))
        else:
            several.append((summary, [(name, name) for name in names]))
    return [(role.label, single), *several]
