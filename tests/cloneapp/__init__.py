"""A shop's catalogue: configuration related in every way there is, beside its orders."""
