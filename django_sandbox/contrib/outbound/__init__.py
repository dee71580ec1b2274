"""A guard against what was forgotten: no outbound connection from test mode, but to listed hosts.

Installing the app turns it on. In test mode every connection that Python's own ``socket``
opens, and every byte sent over one that was opened before, is refused unless its host is
the site's database, cache, broker or channel layer, or is listed in
``SANDBOX["EFFECTS"]["OUTBOUND_HOSTS"]``. Live mode and code without a mode are left alone.

It is the last line, not the first: vendor calls belong behind the adapters of
``django_sandbox.contrib.effects``, which answer them. What it cannot see is listed in the
guide: connections made by C libraries, by other processes, by threads without a mode.
"""

from django_sandbox.contrib.outbound.guard import OutboundRefused, permit_outbound

__all__ = ["OutboundRefused", "permit_outbound"]
