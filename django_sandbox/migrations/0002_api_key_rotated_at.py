from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("django_sandbox", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="rotated_at",
            field=models.DateTimeField(
                blank=True, editable=False, null=True, verbose_name="rotated at"
            ),
        ),
    ]
