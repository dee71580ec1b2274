"""The package's own files for pages: what one app brings, no other hides."""

from collections import defaultdict
from pathlib import Path

import pytest

import django_sandbox

PACKAGE = Path(django_sandbox.__file__).parent
ON_PURPOSE = {"admin/base.html"}  # extends Django's of that name


@pytest.mark.once
@pytest.mark.parametrize("kind", ["static", "templates"])
def test_no_two_apps_have_a_file_of_one_address(kind):
    apps = defaultdict(list)
    for folder in PACKAGE.rglob(kind):
        for file in folder.rglob("*"):
            if file.is_file():
                apps[file.relative_to(folder).as_posix()].append(folder.parent.name)

    assert len(apps) > 2
    assert {address: names for address, names in apps.items() if len(names) > 1} == {}
    outside = {address for address in apps if not address.startswith("django_sandbox/")}
    assert outside <= ON_PURPOSE
