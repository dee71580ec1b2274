"""The mark of a sandbox that is being emptied in several transactions."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("django_sandbox", "0002_api_key_rotated_at")]

    operations = [
        migrations.AddField(
            model_name="sandbox",
            name="emptying_since",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
