"""``SameModeConstraint``: the database itself refuses a link into the other mode."""

from __future__ import annotations

import django
import pytest
from django.core.checks import Error, Warning
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models, transaction
from django.db.migrations import operations
from django.forms import modelform_factory

from django_sandbox import all_modes, live_mode, sandbox_mode
from django_sandbox.exceptions import CrossModeError
from django_sandbox.isolation import same_mode_checks
from django_sandbox.models import EnvironmentModel, ModeKey, SameModeConstraint, SandboxModel
from tests.constraintapp.site import Site, declare, foreign_key, registry

pytestmark = pytest.mark.django_db(transaction=True)

SAME_AUTHOR = SameModeConstraint(field="author", name="book_same_author")
LIVE, TEST = False, True


@pytest.fixture
def site():
    site = Site()
    yield site
    site.close()


def bookshop(
    *constraints,
    author=(),
    book=(),
    base=SandboxModel,
    target_base=SandboxModel,
    author_name="Author",
    on_delete=models.CASCADE,
    labels=("shop", "shop"),
    field=None,
    author_meta=None,
    **book_meta,
):
    """A registry with authors and their books."""
    apps = registry()
    declare(
        apps,
        author_name,
        target_base,
        app_label=labels[1],
        meta=author_meta,
        name=models.CharField(max_length=20, default=""),
        **dict(author),
    )
    link = {
        "author": field
        or foreign_key(f"{labels[1]}.{author_name}", on_delete, null=True, related_name="books")
    }
    declare(
        apps,
        "Book",
        base,
        app_label=labels[0],
        constraints=constraints,
        meta=book_meta,
        **{**link, **dict(book)},
    )
    return apps


def with_rows(site, author_table="shop_author", **row):
    site.insert(author_table, id=1, name="live author", **row)
    site.insert(author_table, id=2, name="test author", **{"is_test": TEST, **row})


def refuses(site, sql, params=None):
    with pytest.raises(IntegrityError):
        site.execute(sql, params)


def assert_held(site, book="shop_book", author="shop_author", column="author_id", extra=()):
    """The database refuses each cross-mode write by raw SQL, and takes the others."""
    extra = dict(extra)
    site.execute(f"DELETE FROM {book}")
    for pk, is_test, target in [(1, LIVE, 1), (2, TEST, 2), (3, TEST, None), (4, LIVE, None)]:
        site.insert(book, id=pk, is_test=is_test, **{column: target}, **extra)
    for is_test, target in [(LIVE, 2), (TEST, 1)]:
        with pytest.raises(IntegrityError):
            site.insert(book, id=9, is_test=is_test, **{column: target}, **extra)
    refuses(site, f"UPDATE {book} SET is_test = %s WHERE id = 1", [TEST])
    refuses(site, f"UPDATE {book} SET is_test = %s WHERE id = 2", [LIVE])
    refuses(site, f"UPDATE {book} SET {column} = 2 WHERE id = 1")
    refuses(site, f"UPDATE {book} SET {column} = 1 WHERE id = 2")
    refuses(site, f"UPDATE {author} SET is_test = %s WHERE name = 'live author'", [TEST])
    refuses(site, f"UPDATE {author} SET is_test = %s WHERE name = 'test author'", [LIVE])
    site.execute(f"UPDATE {book} SET {column} = NULL WHERE id = 1")
    site.execute(f"UPDATE {book} SET is_test = %s WHERE id = 1", [TEST])  # nothing links it
    site.execute(f"UPDATE {book} SET {column} = 2 WHERE id = 1")
    assert site.count(book) == 4


def assert_not_held(site, book="shop_book"):
    site.insert(book, id=20, is_test=LIVE, author_id=2)
    site.execute(f"DELETE FROM {book} WHERE id = 20")


# --- how it comes and goes


def test_in_the_first_migration(site):
    site.migrate(bookshop(SAME_AUTHOR))
    with_rows(site)
    assert_held(site)


def test_in_tables_made_without_migrations(site):
    apps = bookshop(SAME_AUTHOR)
    with connection.schema_editor() as editor:  # as migrate --run-syncdb does
        for model in apps.get_models():
            editor.create_model(model)
    with_rows(site)
    assert_held(site)


def test_child_made_before_its_target(site):
    apps = bookshop(SAME_AUTHOR)
    with connection.schema_editor() as editor:
        for model in reversed(list(apps.get_models())):
            editor.create_model(model)
    with_rows(site)
    assert_held(site)


@pytest.mark.parametrize("author_name", ["Author", "Creator"])  # sorted before and after Book
@pytest.mark.parametrize("labels", [("shop", "shop"), ("shop", "press"), ("press", "shop")])
def test_added_and_taken_back(site, author_name, labels):
    tables = {"book": f"{labels[0]}_book", "author": f"{labels[1]}_{author_name.lower()}"}
    options = {"author_name": author_name, "labels": labels}
    site.migrate(bookshop(**options))
    before = site.schema()
    with_rows(site, tables["author"])
    site.insert(tables["book"], id=1, author_id=1)
    site.migrate(bookshop(SAME_AUTHOR, **options))
    assert_held(site, **tables)
    site.back()
    assert site.schema() == before
    assert_not_held(site, tables["book"])
    site.migrate(bookshop(SAME_AUTHOR, **options))
    assert_held(site, **tables)


@pytest.mark.parametrize("author_name", ["Author", "Creator"])
def test_removed_by_a_later_migration(site, author_name):
    author = f"shop_{author_name.lower()}"
    site.migrate(bookshop(author_name=author_name))
    before = site.schema()
    site.migrate(bookshop(SAME_AUTHOR, author_name=author_name))
    site.migrate(bookshop(author_name=author_name))
    assert site.schema() == before
    with_rows(site, author)
    assert_not_held(site)
    site.back()
    assert_held(site, author=author)


@pytest.mark.parametrize("first", ["shop", "press"])
def test_removed_in_two_apps_in_either_order(site, first):
    labels = ("shop", "press")
    site.migrate(bookshop(labels=labels))
    before = site.schema()
    site.migrate(bookshop(SAME_AUTHOR, labels=labels))
    site.migrate(bookshop(labels=labels), first=first)
    left = site.schema()
    if connection.vendor == "sqlite" and first == "press":
        # SQLite asks no constraint when it is removed; the next remake drops the index.
        assert left["press_author"].pop("press_author_id_mode_key")
    assert left == before
    with_rows(site, "press_author")
    assert_not_held(site)


@pytest.mark.parametrize("author_name", ["Author", "Creator"])
def test_the_key_stays_for_another_constraint_that_uses_it(site, author_name):
    link = foreign_key(f"shop.{author_name}", models.SET_NULL, null=True, related_name="edited")
    same_editor = SameModeConstraint(field="editor", name="book_same_editor")
    options = {"author_name": author_name, "book": {"editor": link}}
    author = f"shop_{author_name.lower()}"
    site.migrate(bookshop(SAME_AUTHOR, same_editor, **options))
    with_rows(site, author)
    assert_held(site, author=author)
    site.migrate(bookshop(SAME_AUTHOR, **options))
    assert_held(site, author=author)
    with pytest.raises(IntegrityError):
        site.insert("shop_book", id=9, is_test=TEST, author_id=1)
    site.insert("shop_book", id=9, is_test=TEST, editor_id=1)


def test_written_by_hand_without_the_targets_key(site):
    site.migrate(bookshop())
    before = site.schema()
    with_rows(site)
    site.operate(operations.AddConstraint("book", SAME_AUTHOR))
    assert_held(site)
    site.migrate(bookshop(SAME_AUTHOR))  # the key, belatedly
    assert_held(site)
    site.back()
    assert_held(site)
    if connection.vendor != "sqlite":  # there, nobody asks the constraint; see the docs
        site.back()
        assert site.schema() == before


def test_renaming_the_foreign_key_rebuilds_it(site):
    site.migrate(bookshop(SAME_AUTHOR))
    with_rows(site)
    apps = registry()
    declare(apps, "Author", name=models.CharField(max_length=20, default=""))
    declare(
        apps,
        "Book",
        writer=foreign_key("shop.Author", null=True, related_name="books"),
        constraints=(SameModeConstraint(field="writer", name="book_same_author"),),
    )
    site.migrate(apps)
    assert_held(site, column="writer_id")


# --- rows that break it already


def test_bad_rows_are_listed_and_nothing_is_changed(site):
    site.migrate(bookshop())
    with_rows(site)
    for pk in range(1, 26):
        site.insert("shop_book", id=pk, is_test=pk % 2 == 0, author_id=1 + (pk % 2))
    site.insert("shop_book", id=30, author_id=1)
    before = site.schema()
    with pytest.raises(CrossModeError) as refused:
        site.migrate(bookshop(SAME_AUTHOR))
    lines = str(refused.value).splitlines()
    assert lines[0] == (
        "Cannot add constraint 'book_same_author': 25 row(s) of shop.Book link into another "
        "mode by 'author'. Nothing was changed. Correct or delete these rows and migrate again:"
    )
    assert lines[1] == "  pk=1 (live) -> shop.Author 2 (test)"
    assert lines[2] == "  pk=2 (test) -> shop.Author 1 (live)"
    assert lines[21:] == ["  ... and 5 more"]
    after = site.schema()
    if connection.vendor == "mysql":  # no transaction round its DDL: the operations before
        after["shop_author"].pop("shop_author_id_mode_key", None)
    assert after == before
    assert site.count("shop_book") == 26
    site.execute("DELETE FROM shop_book WHERE id < 30")
    site.migrate(bookshop(SAME_AUTHOR))
    assert_held(site)


def test_rows_that_link_to_nothing_are_listed(site):
    unheld = foreign_key("shop.Author", models.DO_NOTHING, null=True, db_constraint=False)
    site.migrate(bookshop(field=unheld))
    site.insert("shop_book", id=1, author_id=77)
    with pytest.raises(CrossModeError, match=r"pk=1 \(live\) -> shop.Author 77 \(no such row\)"):
        site.migrate(bookshop(SAME_AUTHOR, field=unheld))


# --- what else a foreign key can be


def test_self_reference(site):
    def tree(*constraints):
        apps = registry()
        name = models.CharField(max_length=20, default="")
        parent = foreign_key("self", null=True, related_name="children")
        declare(apps, "Node", name=name, parent=parent, constraints=constraints)
        return apps

    same_parent = SameModeConstraint(field="parent", name="node_same_parent")
    site.migrate(tree())
    before = site.schema()
    site.insert("shop_node", id=1, name="live")
    site.insert("shop_node", id=2, name="child", parent_id=1)
    site.migrate(tree(same_parent))
    for is_test in (LIVE, TEST):
        site.insert("shop_node", id=10 + is_test, is_test=is_test, name="root")
        child = {"name": "child", "parent_id": 10 + is_test}
        site.insert("shop_node", id=20 + is_test, is_test=is_test, **child)
    for pk in (10, 11, 20, 21):
        flipped = pk % 10 == 0
        refuses(site, "UPDATE shop_node SET is_test = %s WHERE id = %s", [flipped, pk])
    refuses(site, "UPDATE shop_node SET parent_id = 11 WHERE id = 20")
    alter = models.CharField(max_length=99, default="")
    site.operate(operations.AlterField("node", "name", alter))
    refuses(site, "UPDATE shop_node SET parent_id = 11 WHERE id = 20")
    site.back()
    site.back()
    assert site.schema() == before


def test_self_reference_in_the_first_migration(site):
    apps = registry()
    same_parent = SameModeConstraint(field="parent", name="node_same_parent")
    node = declare(apps, "Node", parent=foreign_key("self", null=True), constraints=(same_parent,))
    site.migrate(apps)
    with live_mode():
        root = node.objects.create()
        node.objects.create(parent=node.objects.create(parent=root))
    refuses(site, "UPDATE shop_node SET is_test = %s WHERE id = %s", [TEST, root.pk])
    with live_mode():
        root.delete()
    assert site.count("shop_node") == 0


def test_to_field(site):
    code = {"code": models.CharField(max_length=9, unique=True)}
    link = foreign_key("shop.Author", to_field="code", null=True, related_name="books")
    site.migrate(bookshop(author=code))
    before = site.schema()["shop_author"]
    site.migrate(bookshop(SAME_AUTHOR, author=code, book={"author": link}))
    site.insert("shop_author", id=1, code="L", name="live author")
    site.insert("shop_author", id=2, code="T", name="test author", is_test=TEST)
    site.insert("shop_book", id=1, author_id="L")
    with pytest.raises(IntegrityError):
        site.insert("shop_book", id=2, author_id="T")
    refuses(site, "UPDATE shop_author SET is_test = %s WHERE id = 1", [TEST])
    assert [name for name in site.schema()["shop_author"] if name not in before] == [
        "shop_author_code_mode_key"
    ]


def test_one_to_one(site):
    link = models.OneToOneField("shop.Author", models.CASCADE, null=True)
    site.migrate(bookshop(SAME_AUTHOR, field=link))
    with_rows(site)
    site.insert("shop_book", id=1, author_id=1)
    refuses(site, "UPDATE shop_book SET is_test = %s WHERE id = 1", [TEST])


def test_a_link_to_a_proxy(site):
    apps = bookshop(book={"id": models.AutoField(primary_key=True)})
    author = apps.get_model("shop", "Author")
    declare(apps, "Pseudonym", author, meta={"proxy": True})
    link = foreign_key("shop.Pseudonym", null=True, related_name="+")
    constraint = SameModeConstraint(field="author", name="letter_same_author")
    declare(apps, "Letter", author=link, constraints=(constraint,))
    site.migrate(apps)
    with_rows(site)
    assert_held(site, book="shop_letter")
    site.back()


def test_own_columns(site):
    key = models.CharField(primary_key=True, max_length=9, db_column="the key")
    link = foreign_key("shop.Author", null=True, db_column="the author", related_name="books")
    site.migrate(bookshop(author={"id": key}, field=link, db_table="Own Books"))
    site.migrate(bookshop(SAME_AUTHOR, author={"id": key}, field=link, db_table="Own Books"))
    site.insert("shop_author", **{"the key": "L", "name": "live"})
    table = connection.ops.quote_name("Own Books")
    site.insert(table, id=1, **{"the author": "L"})
    with pytest.raises(IntegrityError):
        site.insert(table, id=2, is_test=TEST, **{"the author": "L"})


def test_names_that_are_too_long_for_the_database(site):
    name = "A" * 70
    apps = bookshop(SAME_AUTHOR, author_name=name, author_meta={"db_table": "authors"})
    site.migrate(apps)
    with_rows(site, "authors")
    assert_held(site, author="authors")


# --- environments

BOTH = {"base": EnvironmentModel, "target_base": EnvironmentModel}


def test_environments_are_kept_apart(site):
    site.migrate(bookshop(SAME_AUTHOR, **BOTH))
    for pk, environment in enumerate(["live", "test", "staging"], start=1):
        is_test = environment != "live"
        site.insert("shop_author", id=pk, name="", is_test=is_test, environment=environment)
        site.insert("shop_book", id=pk, is_test=is_test, environment=environment, author_id=pk)
    for book, author in [(1, 2), (2, 1), (2, 3), (3, 2)]:
        refuses(site, "UPDATE shop_book SET author_id = %s WHERE id = %s", [author, book])
    for table in ("shop_book", "shop_author"):
        refuses(site, f"UPDATE {table} SET environment = 'staging' WHERE id = 2")


@pytest.mark.parametrize("author_name", ["Author", "Creator"])
def test_follows_both_models_to_environments(site, author_name):
    author = f"shop_{author_name.lower()}"
    options = {"author_name": author_name}
    site.migrate(bookshop(SAME_AUTHOR, **options))
    before = site.schema()
    with_rows(site, author)
    assert_held(site, author=author)
    site.migrate(bookshop(SAME_AUTHOR, **BOTH, **options))
    names = set(site.schema()[author])
    assert f"{author}_id_env_key" in names
    assert f"{author}_id_mode_key" not in names
    assert_held(site, author=author)
    refuses(site, "UPDATE shop_book SET environment = 'staging' WHERE id = 2")
    site.back()
    assert site.schema() == before
    assert_held(site, author=author)


@pytest.mark.parametrize("side", ["base", "target_base"])
def test_one_side_with_environments_covers_the_mode(site, side):
    site.migrate(bookshop(SAME_AUTHOR, **{side: EnvironmentModel}))
    with_rows(site)
    assert_held(site)
    state = site.state.models["shop", "book"]
    assert not state.options["constraints"][0].by_environment


# --- Django's own changes of either table


REMAKES = {
    "add a field to the child": operations.AddField(
        "book", "title", models.CharField(max_length=9, default="x")
    ),
    "add a field to the target": operations.AddField(
        "author", "age", models.IntegerField(default=1)
    ),
    "alter a field of the child": operations.AlterField(
        "book", "pages", models.BigIntegerField(default=2)
    ),
    "alter a field of the target": operations.AlterField(
        "author", "name", models.CharField(max_length=99, default="")
    ),
    "remove a field of the child": operations.RemoveField("book", "pages"),
    "remove a field of the target": operations.RemoveField("author", "born"),
    "rename a field of the child": operations.RenameField("book", "pages", "length"),
    "rename a field of the target": operations.RenameField("author", "born", "birth"),
    "index on the child": operations.AddIndex(
        "book", models.Index(fields=["author", "pages"], name="book_author_pages")
    ),
    "constraint on the child": operations.AddConstraint(
        "book", models.CheckConstraint(condition=models.Q(pages__gte=0), name="book_pages")
    ),
    "constraint on the target": operations.AddConstraint(
        "author", models.CheckConstraint(condition=models.Q(born__gte=0), name="author_born")
    ),
    "unique constraint on the child": operations.AddConstraint(
        "book", models.UniqueConstraint(fields=["author", "id"], name="book_author_id")
    ),
    "alter the foreign key": operations.AlterField(
        "book",
        "author",
        foreign_key("shop.Author", models.SET_NULL, null=True, blank=True, related_name="written"),
    ),
}


def shelf():
    return bookshop(
        SAME_AUTHOR,
        book={"pages": models.IntegerField(default=1)},
        author={"born": models.IntegerField(default=1)},
    )


def with_shelf(site):
    site.migrate(shelf())
    site.insert("shop_author", id=1, name="live author", born=1)
    site.insert("shop_author", id=2, name="test author", born=1, is_test=TEST)


# Rows inserted by raw SQL must fill what a migration has left without a database default.
FILLED = {
    "add a field to the child": {"pages": 1, "title": "x"},
    "remove a field of the child": {},
    "rename a field of the child": {"length": 1},
}


@pytest.mark.parametrize("change", REMAKES)
def test_survives(site, change):
    with_shelf(site)
    before = site.schema()
    site.operate(REMAKES[change])
    assert_held(site, extra=FILLED.get(change, {"pages": 1}))
    site.back()
    if change not in ("unique constraint on the child", "index on the child"):
        assert site.schema() == before  # MariaDB swaps its own index under the plain key
    assert_held(site, extra={"pages": 1})


@pytest.mark.parametrize("model", ["book", "author"])
@pytest.mark.parametrize("kind", [operations.RenameModel, operations.AlterModelTable])
def test_survives_another_table_name(site, model, kind):
    with_shelf(site)
    site.operate(kind(model, "Renamed"))
    renamed = "shop_renamed" if kind is operations.RenameModel else "Renamed"
    tables = {model: connection.ops.quote_name(renamed)}
    assert_held(site, **tables, extra={"pages": 1})
    remade = "Renamed" if kind is operations.RenameModel else model
    site.operate(operations.AddField(remade, "more", models.IntegerField(default=1)))
    extra = {"pages": 1, "more": 1} if model == "book" else {"pages": 1}
    assert_held(site, **tables, extra=extra)
    site.back()
    site.back()
    assert_held(site, extra={"pages": 1})


def test_renaming_the_target_asks_for_no_new_key(site):
    site.migrate(bookshop(SAME_AUTHOR))
    site.migrate(bookshop(SAME_AUTHOR, author_name="Writer"))
    (operation,) = site.batches[-1][0][1].operations
    assert isinstance(operation, operations.RenameModel)
    with_rows(site, "shop_writer")
    assert_held(site, author="shop_writer")
    before = site.schema()["shop_writer"]
    site.migrate(bookshop(author_name="Writer"))
    assert set(before) - set(site.schema()["shop_writer"]) == {"shop_author_id_mode_key"}


def test_renaming_the_targets_key_column(site):
    def keyed(name):
        return bookshop(SAME_AUTHOR, author={name: models.BigAutoField(primary_key=True)})

    site.migrate(keyed("number"))
    site.migrate(keyed("code"))
    site.insert("shop_author", code=1, name="live author")
    site.insert("shop_author", code=2, name="test author", is_test=TEST)
    assert_held(site)
    site.back()
    assert_held(site)


@pytest.mark.skipif(
    "connection.vendor == 'mysql'", reason="InnoDB changes no type under a foreign key"
)
def test_survives_a_wider_key(site):
    small = {"id": models.AutoField(primary_key=True)}
    site.migrate(bookshop(SAME_AUTHOR, author=small))
    with_rows(site)
    site.migrate(bookshop(SAME_AUTHOR, author={"id": models.BigAutoField(primary_key=True)}))
    assert_held(site)
    site.back()
    assert_held(site)


def test_deleting_the_models_again(site):
    site.migrate(bookshop(SAME_AUTHOR))
    if connection.vendor == "mysql" and django.VERSION < (6, 0):
        # Django 5.2 may drop the column first, which MariaDB refuses under a foreign key.
        site.migrate(bookshop())
    apps = registry()
    declare(apps, "Author", name=models.CharField(max_length=20, default=""))
    site.migrate(apps)
    site.migrate(registry())
    assert site.tables() == site.there_before


def test_sql_can_be_shown_without_running_it(site):
    site.migrate(bookshop())
    before = site.schema()
    site.insert("shop_author", id=1, name="")
    site.insert("shop_book", id=1, is_test=TEST, author_id=1)  # no matter here
    state = site.state.clone()
    operation = operations.AddConstraint("book", SAME_AUTHOR)
    after = state.clone()
    operation.state_forwards("shop", after)
    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        operation.database_forwards("shop", editor, state, after)
    assert "book_same_author" in "\n".join(editor.collected_sql)
    assert site.schema() == before


# --- through the ORM


@pytest.mark.parametrize("on_delete", [models.CASCADE, models.SET_NULL])
@pytest.mark.parametrize("mode", [live_mode, sandbox_mode])
def test_deleting_a_parent_with_children(site, on_delete, mode):
    apps = bookshop(SAME_AUTHOR, on_delete=on_delete)
    site.migrate(apps)
    author, book = apps.get_model("shop", "Author"), apps.get_model("shop", "Book")
    for other in (live_mode, sandbox_mode):
        with other():
            book.objects.create(author=author.objects.create())
            book.objects.create(author=author.objects.create())
    with mode():
        author.objects.first().delete()
        author.objects.all().delete()
        left = 0 if on_delete is models.CASCADE else 2
        assert book.objects.filter(author=None).count() == book.objects.count() == left
    assert site.count("shop_book") == 2 + left
    assert site.count("shop_author") == 2


@pytest.mark.skipif(django.VERSION < (6, 1), reason="Django 6.1 has DB_CASCADE")
def test_deleting_a_parent_whose_children_the_database_deletes(site):
    apps = bookshop(SAME_AUTHOR, on_delete=models.DB_CASCADE)
    site.migrate(apps)
    with_rows(site)
    assert_held(site)
    site.execute("DELETE FROM shop_author")
    assert site.count("shop_book") == 2


def test_upsert_onto_the_targets_key(site):
    apps = bookshop(SAME_AUTHOR)
    site.migrate(apps)
    author = apps.get_model("shop", "Author")
    with live_mode():
        made = author.objects.create(name="old")
        options = {"update_conflicts": True, "update_fields": ["name"]}
        if connection.features.supports_update_conflicts_with_target:
            options["unique_fields"] = ["id"]
        author.objects.bulk_create([author(id=made.pk, name="new")], **options)
        assert author.objects.get().name == "new"
        made.full_clean()


@pytest.mark.skipif(
    "not connection.features.can_defer_constraint_checks", reason="MariaDB checks at once"
)
def test_waits_for_the_end_of_the_transaction_as_djangos_own_do(site):
    site.migrate(bookshop(SAME_AUTHOR))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO shop_book (is_test, author_id) VALUES (%s, 1)", [LIVE])
        cursor.execute("INSERT INTO shop_author (id, is_test, name) VALUES (1, %s, '')", [LIVE])
    assert site.count("shop_book") == 1


def test_a_rolled_back_test_notices_too(site):
    """A ``TestCase`` never commits; it calls this at its end where the check is deferred."""
    site.migrate(bookshop(SAME_AUTHOR))
    with_rows(site)
    with pytest.raises(IntegrityError), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO shop_book (is_test, author_id) VALUES (%s, 2)", [LIVE])
        connection.check_constraints()
    assert site.count("shop_book") == 0


def test_full_clean_and_forms_answer_on_the_field(site):
    apps = bookshop(SAME_AUTHOR)
    site.migrate(apps)
    with_rows(site)
    book = apps.get_model("shop", "Book")
    with live_mode():
        with pytest.raises(ValidationError) as refused:
            book(author_id=2).full_clean()
        assert list(refused.value.message_dict) == ["author"]
        form = modelform_factory(book, fields=["author"])({"author": 2})
        assert list(form.errors) == ["author"]
        assert modelform_factory(book, fields=["author"])({"author": 1}).is_valid()
        book(author_id=1).full_clean()
        book(author_id=None).validate_constraints()
    with all_modes():
        with pytest.raises(ValidationError) as refused:
            book(author_id=2, is_test=LIVE).validate_constraints()
        assert list(refused.value.message_dict) == ["author"]
        book(author_id=2, is_test=LIVE).validate_constraints(exclude={"author"})
        book(author_id=2, is_test=TEST).full_clean()
        book(author_id=2).validate_constraints()  # no mode yet: saving it says so


def test_own_violation_message(site):
    told = SameModeConstraint(
        field="author", name="told", violation_error_message="Not yours.", violation_error_code="x"
    )
    apps = bookshop(told)
    site.migrate(apps)
    with_rows(site)
    with all_modes(), pytest.raises(ValidationError) as refused:
        apps.get_model("shop", "Book")(author_id=2, is_test=LIVE).validate_constraints()
    assert refused.value.message_dict == {"author": ["Not yours."]}
    assert refused.value.error_dict["author"][0].code == "x"


# --- how it is written down


def test_deconstructs_to_the_public_path():
    constraint = SameModeConstraint(field="author", name="n", by_environment=True)
    assert constraint.deconstruct() == (
        "django_sandbox.models.SameModeConstraint",
        (),
        {"name": "n", "field": "author", "by_environment": True},
    )
    assert constraint.clone() == constraint
    assert constraint != SameModeConstraint(field="author", name="n")
    key = ModeKey(key="id", name="k", by_environment=True)
    assert key.deconstruct() == (
        "django_sandbox.models.ModeKey",
        (),
        {"key": "id", "name": "k", "by_environment": True},
    )
    assert key.clone() == key
    assert key != ModeKey(key="id", name="k")


def test_the_key_is_written_once_for_several_links():
    link = foreign_key("shop.Author", null=True, related_name="edited")
    same_editor = SameModeConstraint(field="editor", name="book_same_editor")
    apps = bookshop(SAME_AUTHOR, same_editor, book={"editor": link})
    constraints = apps.get_model("shop", "Author")._meta.constraints
    assert constraints == [ModeKey(key="id", name="any")]
    assert constraints[0].name == "shop_author_id_mode_key"


def test_abstract_model_with_a_constraint(site):
    apps = registry()
    declare(apps, "Author", name=models.CharField(max_length=20, default=""))
    constraint = SameModeConstraint(field="author", name="%(app_label)s_%(class)s_author")
    base = declare(
        apps,
        "Written",
        author=foreign_key("shop.Author", null=True, related_name="+"),
        constraints=(constraint,),
        meta={"abstract": True},
    )
    for name in ("Book", "Letter"):
        declare(apps, name, base)
    site.migrate(apps)
    with_rows(site)
    assert_held(site)
    assert_held(site, book="shop_letter")


# --- checks


def found(monkeypatch, apps):
    monkeypatch.setattr(same_mode_checks, "apps", apps)
    return same_mode_checks.check_same_mode_constraints()


def test_checks_find_nothing_wrong_with_a_good_one(monkeypatch):
    assert found(monkeypatch, bookshop(SAME_AUTHOR)) == []


@pytest.mark.parametrize("field", ["nothing", "name", "books"])
def test_check_of_the_field(monkeypatch, field):
    apps = registry()
    declare(
        apps,
        "Author",
        name=models.CharField(max_length=9),
        constraints=(SameModeConstraint(field=field, name="c"),),
    )
    declare(apps, "Book", author=foreign_key("shop.Author", related_name="books"))
    assert found(monkeypatch, apps) == [
        Error(
            f"SameModeConstraint 'c' of shop.Author names {field!r}, which is not a foreign "
            "key in this model's own table.",
            hint="Name a ForeignKey or OneToOneField that the model itself declares.",
            obj=apps.get_model("shop", "Author"),
            id="sandbox.E010",
        )
    ]


def test_check_of_the_model(monkeypatch):
    apps = bookshop(SAME_AUTHOR, base=models.Model)
    assert found(monkeypatch, apps) == [
        Error(
            "SameModeConstraint 'book_same_author' of shop.Book stands on a model whose table "
            "does not hold is_test.",
            hint="Derive the model from SandboxModel; on a multi-table child, declare foreign "
            "key and constraint on the parent that does.",
            obj=apps.get_model("shop", "Book"),
            id="sandbox.E011",
        )
    ]


def test_check_of_a_shared_target(monkeypatch):
    apps = bookshop(SAME_AUTHOR, target_base=models.Model)
    assert found(monkeypatch, apps) == [
        Error(
            "SameModeConstraint 'book_same_author' of shop.Book: 'author' points to "
            "shop.Author, which is shared by all modes.",
            hint="Remove the constraint, or derive the target from SandboxModel.",
            obj=apps.get_model("shop", "Book"),
            id="sandbox.E012",
        )
    ]


def test_check_of_a_multi_table_child_as_target(monkeypatch):
    apps = registry()
    person = declare(apps, "Person")
    declare(apps, "Author", person)
    book = declare(apps, "Book", author=foreign_key("shop.Author"), constraints=(SAME_AUTHOR,))
    assert found(monkeypatch, apps) == [
        Error(
            "SameModeConstraint 'book_same_author' of shop.Book: 'author' points to "
            "shop.Author, whose mode stands in the table of its parent.",
            hint="Point the foreign key to the parent, or remove the constraint.",
            obj=book,
            id="sandbox.E013",
        )
    ]
    assert person._meta.constraints == []


def test_multi_table_child_with_a_link_of_its_own(monkeypatch):
    apps = bookshop()
    book = apps.get_model("shop", "Book")
    link = foreign_key("shop.Author", null=True, related_name="+")
    declare(
        apps,
        "Novel",
        book,
        translator=link,
        constraints=(SameModeConstraint(field="translator", name="novel_same_translator"),),
    )
    assert [message.id for message in found(monkeypatch, apps)] == ["sandbox.E011"]


def test_check_of_an_unmanaged_target(monkeypatch):
    apps = bookshop(SAME_AUTHOR, author_meta={"managed": False})
    assert found(monkeypatch, apps) == [
        Warning(
            "SameModeConstraint 'book_same_author' of shop.Book: shop.Author is not managed, "
            "so no migration gives its table the unique key that the constraint refers to.",
            hint="Give it a unique index over the columns of is_test and id by hand.",
            obj=apps.get_model("shop", "Book"),
            id="sandbox.W010",
        )
    ]


@pytest.mark.skipif(django.VERSION < (6, 1), reason="Django 6.1 has DB_SET_NULL")
def test_check_of_set_null_by_the_database(monkeypatch):
    apps = bookshop(SAME_AUTHOR, on_delete=models.DB_SET_NULL)
    assert found(monkeypatch, apps) == [
        Error(
            "SameModeConstraint 'book_same_author' of shop.Book: 'author' has DB_SET_NULL, "
            "which the constraint would stop on MariaDB, where it cannot wait for the end of "
            "a transaction.",
            hint="Use SET_NULL or SET_DEFAULT, without DB_, or remove the constraint.",
            obj=apps.get_model("shop", "Book"),
            id="sandbox.E014",
        )
    ]
