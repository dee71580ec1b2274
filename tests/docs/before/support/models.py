from django.db import models
from shop.models import Order


class Ticket(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, related_name="tickets")
    text = models.TextField()
