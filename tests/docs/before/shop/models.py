from accounts.models import Organization
from django.db import models


class Product(models.Model):
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="products")
    sku = models.CharField(max_length=20)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "sku"], name="product_sku")]


class Order(models.Model):
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="orders")
    product = models.ForeignKey(Product, models.PROTECT, related_name="orders")
    number = models.CharField(max_length=20, unique=True)
