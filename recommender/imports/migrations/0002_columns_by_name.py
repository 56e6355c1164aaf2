from django.db import migrations, models


def flip(apps, schema_editor):
    """Turn {field: column} into {column: field}, and the other way."""
    for run in apps.get_model("imports", "ImportRun").objects.exclude(columns={}).iterator():
        run.columns = {value: name for name, value in run.columns.items()}
        run.save(update_fields=["columns"])


class Migration(migrations.Migration):
    dependencies = [("imports", "0001_initial")]

    operations = [
        migrations.RunPython(flip, flip),
        migrations.AlterField(
            model_name="importrun",
            name="columns",
            field=models.JSONField(default=dict, help_text="What columns were chosen for."),
        ),
    ]
