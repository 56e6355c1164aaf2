"""Groups of staff, with the permissions of a day's work. An owner may change them, and add others."""

from django.db import migrations

ALL = ("view", "add", "change", "delete")
GROUPS = {
    "catalogue editor": {
        ("catalog", "product"): ALL,
        ("catalog", "productimage"): ALL,
        ("catalog", "category"): ALL,
    },
    "model minder": {
        ("recommender", "modelversion"): (*ALL, "activate"),
        ("recommender", "design"): ("view", "change"),  # demand gaps
        ("catalog", "product"): ("view",),
    },
    "support": {
        ("catalog", "product"): ("view",),
        ("catalog", "category"): ("view",),
        ("catalog", "shopper"): ("view", "change"),  # change: merge a guest into a shopper
        ("catalog", "interaction"): ("view", "delete"),
        ("recommender", "design"): ("view", "change", "delete"),  # change: cancel
    },
}


def create(apps, schema_editor):
    """Django creates permissions only after all migrations, so those that a group needs are created here."""
    Group, Permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    ContentType = apps.get_model("contenttypes", "ContentType")
    for name, rights in GROUPS.items():
        group, _ = Group.objects.get_or_create(name=name)
        for (app, model), verbs in rights.items():
            kind, _ = ContentType.objects.get_or_create(app_label=app, model=model)
            options = apps.get_model(app, model)._meta
            names = dict(options.permissions) | {f"{verb}_{model}": f"Can {verb} {options.verbose_name}" for verb in ALL}
            for verb in verbs:
                codename = f"{verb}_{model}"
                defaults = {"name": names[codename]}
                right, _ = Permission.objects.get_or_create(content_type=kind, codename=codename, defaults=defaults)
                group.permissions.add(right)


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0002_move_tokens"),
        ("catalog", "0011_index_files"),
        ("recommender", "0014_activate_permission"),
    ]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
