"""factory-boy: seeders that are factories, batches in bulk, the same data for the same owner.

On by itself at the first seeding where factory-boy is installed; there is nothing to
configure and no base class to use. Outside a seeder, and outside :func:`bulk`, factories
work as they always did.
"""

from django.core.exceptions import ImproperlyConfigured

try:
    import factory
except ImportError as error:
    raise ImproperlyConfigured(
        "django_sandbox.contrib.factory_boy needs factory-boy: "
        "pip install django-sandbox[factories]"
    ) from error

from django_sandbox import seeding
from django_sandbox.contrib.factory_boy.batches import bulk, create_batch, install
from django_sandbox.contrib.factory_boy.obstacles import obstacle
from django_sandbox.contrib.factory_boy.owners import seed
from django_sandbox.contrib.factory_boy.randomness import reproducible

__all__ = ["bulk", "create_batch", "obstacle", "seed"]

install(factory.django.DjangoModelFactory)
seeding.stand_around(reproducible)
seeding.stand_around(lambda seed: bulk())
