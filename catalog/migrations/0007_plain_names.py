from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0006_mergedsession"),
    ]

    operations = [
        migrations.AlterField(
            model_name="interaction",
            name="event_id",
            field=models.CharField(
                blank=True, help_text="The id that the sender gave this event; empty if it gave none.", max_length=150
            ),
        ),
        migrations.AlterField(
            model_name="interaction",
            name="placement",
            field=models.CharField(
                blank=True,
                help_text="The place in the shop where the recommendation was shown; empty if unknown.",
                max_length=50,
            ),
        ),
        migrations.AlterField(
            model_name="interaction",
            name="session",
            field=models.CharField(
                blank=True, help_text="The session key of a guest; empty for a shopper.", max_length=150
            ),
        ),
        migrations.AlterField(
            model_name="product",
            name="attributes",
            field=models.JSONField(
                blank=True, default=dict, help_text='Names and values as JSON, for example {"colour": "red"}.'
            ),
        ),
        migrations.AlterField(
            model_name="product",
            name="is_hidden",
            field=models.BooleanField(
                default=False, help_text="Visitors do not see hidden products.", verbose_name="hidden"
            ),
        ),
        migrations.AlterField(
            model_name="shopper",
            name="key",
            field=models.CharField(help_text="The id of this shopper in the shop.", max_length=150, unique=True),
        ),
    ]
