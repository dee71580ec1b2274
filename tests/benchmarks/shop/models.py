"""Three related models, as plain as a site has them."""

from django.db import models

from django_sandbox.models import SandboxModel


class Customer(SandboxModel):
    organization = models.ForeignKey("testapp.Organization", models.CASCADE)


class Order(SandboxModel):
    customer = models.ForeignKey(Customer, models.CASCADE)


class Line(SandboxModel):
    order = models.ForeignKey(Order, models.CASCADE)
