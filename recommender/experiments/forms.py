"""Forms of the admin for an experiment and its arms."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.postgres.forms import SimpleArrayField
from django.db.models import QuerySet
from django.forms.models import BaseInlineFormSet

from recommender.errors import ExperimentRefused
from recommender.experiments import lifecycle
from recommender.experiments.models import Arm, Experiment
from recommender.models import EMBEDDING_ROLES, SERVABLE, ModelVersion

if TYPE_CHECKING:
    ExperimentModelForm = forms.ModelForm[Experiment]
    ArmFormSetBase = BaseInlineFormSet[Arm, Experiment, forms.ModelForm[Arm]]
    VersionChoiceField = forms.ModelChoiceField[ModelVersion]
else:
    ExperimentModelForm = forms.ModelForm
    ArmFormSetBase = BaseInlineFormSet
    VersionChoiceField = forms.ModelChoiceField


class PlacementsField(SimpleArrayField):
    """Placements with commas between; spaces, empty ones and repeated ones are left out."""

    def __init__(self, **options: Any) -> None:
        super().__init__(forms.CharField(max_length=50), **options)

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            parts = (part.strip() for part in value.split(self.delimiter))
            value = self.delimiter.join(dict.fromkeys(part for part in parts if part))
        return super().to_python(value)


class VersionField(VersionChoiceField):
    """A version that an arm may show, with its role, its state and what it was trained with."""

    def __init__(self) -> None:
        help_text = (
            "The active one changes with each activation. To try another weight of colour, or any other setting of a "
            "method, train a version with it first."
        )
        super().__init__(versions_to_try(), empty_label="the active one", required=False, help_text=help_text)

    def label_from_instance(self, version: ModelVersion) -> str:
        given = [f"{name} {value}" for name, value in version.settings.items()]
        return f"{version} ({', '.join([version.get_role_display(), version.get_state_display().lower(), *given])})"


class ExperimentForm(ExperimentModelForm):
    placements = PlacementsField(
        required=False,
        help_text="Where it is shown, with commas between: on the shop's pages product, home and for-you; elsewhere "
        "what requests have as placement. Empty: everywhere.",
    )

    class Meta:
        model = Experiment
        fields = ["name", "role", "placements", "goal", "margin", "days"]


class ArmFormSet(ArmFormSetBase):
    """Arms of an experiment, which are checked together."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors) or not self.instance.role:
            return
        filled = [form for form in self.forms if form.has_changed() or form.instance.pk]
        arms = [form.instance for form in filled if not form.cleaned_data.get("DELETE")]
        try:
            lifecycle.check(self.instance.role, arms)
        except ExperimentRefused as error:
            raise forms.ValidationError(f"{str(error)[0].upper()}{str(error)[1:]}.") from error


def versions_to_try() -> QuerySet[ModelVersion]:
    """Return the versions that an arm may show."""
    return ModelVersion.objects.filter(role__in=EMBEDDING_ROLES, state__in=SERVABLE)
