from django.db import migrations


def flip(apps, schema_editor):
    """Turn {field: column} into {column: field}, and the other way."""
    for profile in apps.get_model("catalog", "ImportProfile").objects.all():
        profile.columns = {value: name for name, value in profile.columns.items()}
        profile.save(update_fields=["columns"])


class Migration(migrations.Migration):
    dependencies = [("catalog", "0024_fold_long_texts")]

    operations = [migrations.RunPython(flip, flip)]
