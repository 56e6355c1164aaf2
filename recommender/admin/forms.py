"""The training form of the admin: a method is chosen first, and its settings are the fields of the form."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.validators import MaxValueValidator

from recommender.errors import TrainingRefused
from recommender.models import MAX_EPOCHS, ModelVersion, Role
from recommender.operations import training_checks
from recommender.versions import methods

if TYPE_CHECKING:
    VersionModelForm = forms.ModelForm[ModelVersion]
else:
    VersionModelForm = forms.ModelForm  # generic in the stubs alone

SETTING = "setting_"  # begins the names of the fields of settings


class MethodForm(VersionModelForm):
    """Form of a training by one method; `method_form` makes one for each. A wrong setting is named at its field."""

    base_method: ClassVar[str]  # of a library whose network is named in the form: the library's name
    schema: ClassVar[Mapping[str, Mapping[str, Any]]]  # by setting

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "epochs" in self.fields:
            self.fields["epochs"].validators.append(MaxValueValidator(MAX_EPOCHS))

    @property
    def setting_names(self) -> list[str]:
        """Return the names of the fields of settings."""
        return [f"{SETTING}{name}" for name in self.schema]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        cleaned["method"] = self._method()
        cleaned["settings"] = self._settings()
        self.instance.method, self.instance.settings = cleaned["method"], cleaned["settings"]
        if not self.errors:
            self._check(cleaned["method"], cleaned["settings"])
        return cleaned

    def _method(self) -> str:
        """Return the method, of a library with its network: LIBRARY:NAME."""
        if self.base_method not in methods.patterns():
            return self.base_method
        method = f"{self.base_method}:{self.cleaned_data.get('network', '')}"
        try:
            methods.role_of(method)
        except TrainingRefused as error:
            if "network" not in self.errors:
                self.add_error("network", str(error))
        return method

    def _settings(self) -> dict[str, Any]:
        """Return the settings that are not the defaults: a version whose defaults are others has those."""
        given = {name: self.cleaned_data.get(f"{SETTING}{name}") for name in self.schema}
        return {
            name: value
            for name, value in given.items()
            if value not in (None, "") and value != self.schema[name].get("default")
        }

    def _check(self, method: str, settings: dict[str, Any]) -> None:
        try:
            methods.check_settings(method, settings)
            training_checks.check_before(method)
        except TrainingRefused as error:
            reason = str(error)
            named = next((name for name in self.schema if f" {name} is " in f" {reason}"), None)
            self.add_error(f"{SETTING}{named}" if named else None, reason)


class TrainForm(MethodForm):
    """Form to train a version; it names what is not valid without asking a worker."""

    class Meta:
        model = ModelVersion
        fields = ["epochs", "seed", "activate_when_ready"]


def method_form(base: type[MethodForm], method: str, settings: Mapping[str, Any]) -> type[MethodForm]:
    """Return the form of trainings by a method. settings: those that a schedule, say, has already."""
    library, _, network = method.partition(":")
    schema = methods.settings_schema(method if network else methods.example_of(method))["properties"]
    fields: dict[str, Any] = {}
    if library in methods.patterns():
        fields["network"] = forms.CharField(
            max_length=100, initial=network, help_text=f"As {library} names it: {methods.example_of(library)}."
        )
    for name, described in schema.items():
        fields[f"{SETTING}{name}"] = field_of(name, described, settings.get(name, described.get("default")))
    fields |= {"base_method": library if library in methods.patterns() else method, "schema": schema}
    metaclass: Any = type(base)  # Django's, which collects the fields
    form: type[MethodForm] = metaclass(base.__name__, (base,), {**fields, "__module__": __name__})
    return form


def field_of(name: str, described: Mapping[str, Any], initial: Any) -> forms.Field:
    """Return the field of a setting that a JSON schema describes: help, bounds, default."""
    default = described.get("default")
    shown = {True: "yes", False: "no", "": ""}.get(default, default) if isinstance(default, bool | str) else default
    bounds: dict[str, Any] = {"min_value": described.get("minimum"), "max_value": described.get("maximum")}
    limits = [f"{bound:g}" for bound in bounds.values() if bound is not None]
    help_text = " ".join(
        [
            described["description"],
            *([f"{' to '.join(limits)}."] if len(limits) == 2 else []),
            *([] if shown in (None, "") else [f"Default: {shown}."]),
        ]
    )
    options: dict[str, Any] = {"label": name.replace("_", " "), "required": False, "help_text": help_text}
    if "enum" in described:
        return forms.ChoiceField(choices=[(each, each) for each in described["enum"]], initial=initial, **options)
    if described["type"] == "boolean":
        choices = [("yes", "yes"), ("no", "no")]
        return forms.TypedChoiceField(
            choices=choices, coerce=lambda text: text == "yes", initial="yes" if initial else "no", empty_value=None,
            **options,
        )  # fmt: skip
    if described["type"] == "integer":
        return forms.IntegerField(initial=initial, **bounds, **options)
    if described["type"] == "number":
        above = described.get("exclusiveMinimum")
        if above is not None:
            options["help_text"] += f" More than {above:g}."
        return forms.FloatField(initial=initial, widget=forms.NumberInput(attrs={"step": "any"}), **bounds, **options)
    return forms.CharField(initial=initial, max_length=500, **options)


def choices() -> list[tuple[Role, list[tuple[str, str]], list[tuple[str, list[str]]]]]:
    """Return for each role its methods with a summary, the default first, and groups of networks of one summary."""
    found = []
    for role in Role:
        single: list[tuple[str, str]] = []
        several: list[tuple[str, list[str]]] = []
        for summary, names in methods.by_summary(role):
            if len(names) == 1:
                single.append((names[0], summary))
            else:
                several.append((summary, names))
        if role == Role.SIMILAR:
            single += [(name, methods.summary_of(name)) for name in methods.patterns()]
        single.sort(key=lambda each: each[0] != methods.DEFAULTS[role])
        found.append((role, single, several))
    return found
