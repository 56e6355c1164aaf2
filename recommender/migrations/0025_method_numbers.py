from django.db import migrations, models


def note_numbers(apps, schema_editor):
    """Note the last number of each method: of its versions, and of those that served and were deleted since."""
    last = {}
    for method, number in apps.get_model("recommender", "ModelVersion").objects.values_list("method", "number"):
        last[method] = max(last.get(method, 0), number)
    for name in apps.get_model("recommender", "Activation").objects.values_list("name", flat=True):
        method, _, number = name.rpartition(" ")
        if method and number.isdecimal():
            last[method] = max(last.get(method, 0), int(number))
    numbers = apps.get_model("recommender", "MethodNumber")
    numbers.objects.bulk_create(numbers(method=method, last=number) for method, number in last.items())


class Migration(migrations.Migration):
    dependencies = [("recommender", "0024_chances")]

    operations = [
        migrations.CreateModel(
            name="MethodNumber",
            fields=[
                ("method", models.CharField(max_length=110, primary_key=True, serialize=False)),
                ("last", models.PositiveIntegerField()),
            ],
            options={"default_permissions": ()},
        ),
        migrations.RunPython(note_numbers, migrations.RunPython.noop),
    ]
