"""10,000 rows of five related models, with circles and many-to-many links."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_sandbox import lifecycle, live_mode, sandbox_mode
from tests.benchmarks.clone import MODELS, fill
from tests.cloneapp.models import Category, Label, Product, Remark, Rule
from tests.cloning.conftest import rows

ROWS = 10_000
REFERENCES = {
    Category: {"parent_id": Category, "featured_id": Product},
    Product: {"category_id": Category},
    Rule: {"product_id": Product},
    Label: {},
    Remark: {},
}


@pytest.mark.django_db
def test_equal_to_the_source_field_by_field(owner, sandbox):
    fill(owner, ROWS)
    told = []
    done = lifecycle.clone(owner, progress=lambda *news: told.append(news))
    assert sum(done.added.values()) == ROWS
    for model in MODELS:
        of_model = [news[1:] for news in told if news[0] == model._meta.label]
        assert of_model == sorted(of_model) and len(of_model) > 1
        assert of_model[-1] == (ROWS // len(MODELS),) * 2
    live = {model: rows(model, live_mode()) for model in MODELS}
    test = {model: rows(model, sandbox_mode()) for model in MODELS}
    names = {model: {row["name"]: key for key, row in test[model].items()} for model in MODELS[:3]}
    copies = {
        model: {key: names[model][row["name"]] for key, row in live[model].items()}
        for model in MODELS[:3]
    }
    copies[Rule] = {key: copies[Product][key] for key in live[Rule]}
    texts = {row["text"]: key for key, row in test[Remark].items()}
    copies[Remark] = {key: texts[row["text"]] for key, row in live[Remark].items()}
    for model in MODELS:
        assert len(test[model]) == len(live[model]) == ROWS // len(MODELS)
        for key, row in live[model].items():
            assert test[model][copies[model][key]] == expected(model, row, key, copies)
    with live_mode():
        links = set(Product.labels.through.objects.values_list("product_id", "label_id"))
    with sandbox_mode():
        copied = set(Product.labels.through.objects.values_list("product_id", "label_id"))
    assert copied == {(copies[Product][p], copies[Label][x]) for p, x in links}
    nothing_changes(owner)


def expected(model, row, key, copies):
    """A live row as its copy is to be."""
    own = {"pk": copies[model][key], model._meta.pk.attname: copies[model][key]}
    own |= {"is_test": True, "environment": "test"}
    for name, target in REFERENCES[model].items():
        own[name] = None if row[name] is None else copies[target][row[name]]
    if model is Remark:
        own["object_id"] = str(copies[Label][Label._meta.pk.to_python(row["object_id"])])
    if model is Product:
        own |= {"api_secret": "masked", "hook_secret": None, "token": f"test-{key}"}
    return {**row, **own}


def nothing_changes(owner):
    with CaptureQueriesContext(connection) as queries:
        again = lifecycle.clone(owner)
    assert again.diff == [] and not again.wrote
    assert len(queries) < ROWS / 40  # in batches
