"""Forms of the admin for an experiment and its arms."""

from typing import TYPE_CHECKING

from django import forms
from django.db.models import QuerySet
from django.forms.models import BaseInlineFormSet

from recommender.errors import ExperimentRefused
from recommender.experiments import lifecycle
from recommender.experiments.models import Arm, Experiment
from recommender.models import EMBEDDING_ROLES, SERVABLE, ModelVersion

if TYPE_CHECKING:
    ExperimentModelForm = forms.ModelForm[Experiment]
    ArmFormSetBase = BaseInlineFormSet[Arm, Experiment, forms.ModelForm[Arm]]
else:
    ExperimentModelForm = forms.ModelForm
    ArmFormSetBase = BaseInlineFormSet


class ExperimentForm(ExperimentModelForm):
    class Meta:
        model = Experiment
        fields = ["name", "role", "placements", "goal", "margin", "days"]


class ArmFormSet(ArmFormSetBase):
    """Arms of an experiment, which are checked together."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
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
