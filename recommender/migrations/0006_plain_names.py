import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recommender", "0005_removed_designs")]

    operations = [
        migrations.RenameField("design", "seen_by", "embedding_version"),
        migrations.RenameField("designimage", "look", "embedding"),
        migrations.AlterField(
            model_name='design',
            name='budget',
            field=models.FloatField(help_text='Tailoring only: largest mean change of the pixels, 0 to 1.', null=True),
        ),
        migrations.AlterField(
            model_name='design',
            name='count',
            field=models.PositiveSmallIntegerField(default=12, help_text='Number of images to generate.'),
        ),
        migrations.AlterField(
            model_name='design',
            name='embedding_version',
            field=models.ForeignKey(help_text='The version that embedded its images.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='recommender.modelversion'),
        ),
        migrations.AlterField(
            model_name='design',
            name='eta',
            field=models.FloatField(default=1.0, help_text="Weight of realism; the shopper's taste has weight 1."),
        ),
        migrations.AlterField(
            model_name='design',
            name='is_removed',
            field=models.BooleanField(default=False, help_text='Removed by its shopper; it still counts against the limit for an hour.'),
        ),
        migrations.AlterField(
            model_name='design',
            name='lease_until',
            field=models.DateTimeField(help_text='A message or a worker has it until then.', null=True),
        ),
        migrations.AlterField(
            model_name='design',
            name='product',
            field=models.ForeignKey(help_text='The product to tailor.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='designs', to='catalog.product'),
        ),
        migrations.AlterField(
            model_name='design',
            name='tries',
            field=models.PositiveSmallIntegerField(default=0, help_text='How many workers have started it.'),
        ),
        migrations.AlterField(
            model_name='designimage',
            name='change',
            field=models.FloatField(help_text='Tailoring only: mean change of the pixels, 0 to 1.', null=True),
        ),
        migrations.AlterField(
            model_name='designimage',
            name='realism',
            field=models.FloatField(help_text='Output of the discriminator: 1 real, 0 generated; it may lie outside.'),
        ),
        migrations.AlterField(
            model_name='designimage',
            name='score',
            field=models.FloatField(help_text='Inner product of taste and image; an average product has 0.'),
        ),
        migrations.AlterField(
            model_name='designimage',
            name='step',
            field=models.PositiveIntegerField(help_text='Tailoring only: number of steps taken.', null=True),
        ),
        migrations.AlterField(
            model_name='modelversion',
            name='by_worker',
            field=models.BooleanField(default=True, help_text='Whether a worker runs this training; otherwise it was started by hand.'),
        ),
        migrations.AlterField(
            model_name='modelversion',
            name='categories',
            field=models.JSONField(blank=True, default=list, help_text='Design versions: ids of the categories learned, in the order of the classes.'),
        ),
        migrations.AlterField(
            model_name='modelversion',
            name='dimensions',
            field=models.PositiveIntegerField(blank=True, help_text='Length of its vectors.', null=True),
        ),
        migrations.AlterField(
            model_name='modelversion',
            name='epochs',
            field=models.PositiveIntegerField(blank=True, help_text="Number of epochs to train. Leave empty for the method's default.", null=True, validators=[django.core.validators.MinValueValidator(1)]),
        ),
        migrations.AlterField(
            model_name='modelversion',
            name='good_match',
            field=models.FloatField(blank=True, help_text='Lowest score that counts as a match in a search by photo.', null=True),
        ),
        migrations.AlterField(
            model_name='modelversion',
            name='lease_until',
            field=models.DateTimeField(blank=True, help_text='A process works on it until then, and renews this time meanwhile.', null=True),
        ),
        migrations.AlterField(
            model_name='modelversion',
            name='method',
            field=models.CharField(help_text='The method that this version was trained by.', max_length=40),
        ),
        migrations.AlterField(
            model_name='modelversion',
            name='number',
            field=models.PositiveIntegerField(help_text='Number of this version among those of its method, from 1.'),
        ),
        migrations.AlterField(
            model_name='modelversion',
            name='settings',
            field=models.JSONField(blank=True, default=dict, help_text='Settings of the method, such as {"colour": 0.6}. With {} it uses its defaults.'),
        ),
        migrations.AlterField(
            model_name='modelversion',
            name='taste',
            field=models.JSONField(blank=True, default=dict, help_text='Personal versions: mean and precision of the tastes.'),
        ),
    ]
