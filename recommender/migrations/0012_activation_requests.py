from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('recommender', '0011_embedding_product'),
    ]

    operations = [
        migrations.AddField(
            model_name='modelversion',
            name='activation_requested_at',
            field=models.DateTimeField(blank=True, help_text='A worker activates it as soon as it has embedded the images that were there when it looked.', null=True),
        ),
    ]
