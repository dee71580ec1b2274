"""The key format: what is made parses, and nothing else does."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from django_sandbox import keys
from django_sandbox.exceptions import ApiKeyInvalid

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize("is_test", [True, False])
def test_a_made_key_parses(is_test):
    made = keys.generate(is_test)
    mode = "test" if is_test else "live"
    assert re.fullmatch(
        rf"acme_{mode}_[0-9A-Za-z]{{12}}[0-9A-Za-z]{{32}}[0-9A-Za-z]{{6}}", made.raw
    )
    assert keys.parse(made.raw) == made
    assert made.prefix == f"acme_{mode}_{made.id}"
    assert made.raw not in repr(made)


def test_keys_differ():
    assert len({keys.generate(True).raw for _ in range(200)}) == 200


def test_the_checksum_is_a_known_crc32():
    # CRC-32 of "123456789" is 0xCBF43926 in every catalogue of CRCs.
    number, digits = 0xCBF43926, ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = ALPHABET[digit] + digits
    assert keys.checksum("123456789") == digits


def test_swapping_the_mode_breaks_the_key():
    raw = keys.generate(True).raw
    with pytest.raises(ApiKeyInvalid):
        keys.parse(raw.replace("_test_", "_live_"))


@given(st.data())
def test_changing_any_character_breaks_the_key(data):
    raw = keys.generate(False).raw
    position = data.draw(st.integers(0, len(raw) - 1))
    other = data.draw(st.sampled_from(ALPHABET + "_- é\x00").filter(lambda c: c != raw[position]))
    with pytest.raises(ApiKeyInvalid):
        keys.parse(raw[:position] + other + raw[position + 1 :])


@given(st.text())
@settings(max_examples=500)
def test_garbage_never_parses(token):
    with pytest.raises(ApiKeyInvalid):
        keys.parse(token)


@pytest.mark.parametrize(
    "mangle", [lambda r: r + "\n", lambda r: f" {r}", str.upper, lambda r: r[:-1]]
)
def test_near_misses(mangle):
    with pytest.raises(ApiKeyInvalid):
        keys.parse(mangle(keys.generate(True).raw))


def test_the_brand_is_read_when_asked(sandbox_settings):
    raw = keys.generate(True).raw
    sandbox_settings(KEY_PREFIX="globex")
    assert not keys.is_of_our_brand(raw)
    with pytest.raises(ApiKeyInvalid):
        keys.parse(raw)
    assert keys.parse(keys.generate(True).raw).prefix.startswith("globex_test_")


@pytest.mark.parametrize(
    "token, ours",
    [("acme_test_", True), ("acme_live_x", True), ("acme_prod_x", False), ("xacme_test_", False)],
)
def test_brand(token, ours):
    assert keys.is_of_our_brand(token) is ours


def test_digest_is_sha256_and_compared_whole():
    assert keys.digest("abc").startswith("ba7816bf8f01cfea414140de5dae2223")
    assert keys.matches("abc", keys.digest("abc"))
    assert not keys.matches("abd", keys.digest("abc"))


# --- for secret scanners

EDGE = st.sampled_from(["", " ", '"', "'", "=", "\n", "(", "/", "-", "é", "Bearer "])


@given(is_test=st.booleans(), before=EDGE, after=EDGE.filter(lambda text: text != "Bearer "))
def test_a_scanner_finds_every_key(is_test, before, after):
    raw = keys.generate(is_test).raw
    # Scanners go by ASCII: to them "é" is no letter.
    assert re.findall(keys.scanner_pattern(), before + raw + after, re.ASCII) == [raw]


@given(st.data())
def test_what_a_scanner_finds_is_a_key_only_with_its_check_sum(data):
    """A change of one character is always noticed, whatever the pattern makes of it."""
    raw = keys.generate(True).raw
    start = len("acme_test_")
    position = data.draw(st.integers(start, len(raw) - 1))
    other = data.draw(st.sampled_from([c for c in ALPHABET if c != raw[position]]))
    mutated = raw[:position] + other + raw[position + 1 :]
    assert re.fullmatch(keys.scanner_pattern(), mutated)
    with pytest.raises(ApiKeyInvalid):
        keys.parse(mutated)


@pytest.mark.parametrize("mangle", [lambda r: r[:-1], lambda r: r + "x", lambda r: "x" + r])
def test_a_scanner_wants_the_whole_of_a_key(mangle):
    assert not re.search(keys.scanner_pattern(), mangle(keys.generate(True).raw))


def test_the_pattern_is_of_the_plain_syntax_that_scanners_share():
    assert keys.scanner_pattern() == r"\bacme_(?:test|live)_[0-9A-Za-z]{50}\b"


# --- for documentation


@pytest.mark.parametrize("mode", ["test", "live"])
def test_documentation_keys(mode):
    raw = keys.documentation_key(mode)
    assert raw == keys.documentation_key(mode)
    assert raw.startswith(f"acme_{mode}_EXAMPLEKEY00ThisKeyIsOnlyAnExample")
    parsed = keys.parse(raw)
    assert parsed.is_documentation and parsed.is_test == (mode == "test")
    assert re.fullmatch(keys.scanner_pattern(), raw)
    assert not keys.generate(True).is_documentation


def test_documentation_keys_are_never_made(monkeypatch):
    ids = iter([keys.DOCUMENTATION_ID, keys.DOCUMENTATION_ID, "a" * 12, "b" * 32])
    monkeypatch.setattr(keys, "_random", lambda length: next(ids))
    assert keys.generate(True).id == "a" * 12


def test_a_documentation_key_is_of_a_mode():
    with pytest.raises(ValueError, match="'ci' is not a mode"):
        keys.documentation_key("ci")


# --- what may be shown of a key


def test_a_raw_key_is_text_that_hides_itself():
    made = keys.generate(True)
    assert repr(made.raw) == "<raw API key, hidden>" and made.raw not in repr([made, made.raw])
    assert str(made.raw) == f"{made.raw}" == json.loads(json.dumps(made.raw))
    assert type(made.prefix) is str and repr(made.prefix) == f"'{made.prefix}'"


def test_the_id_is_shown_of_what_is_shaped_like_a_key():
    raw = keys.generate(True).raw
    mistyped = raw[:-1] + ("x" if raw[-1] != "x" else "y")
    assert keys.shown_id(raw) == keys.shown_id(mistyped) == keys.parse(raw).id
    for other in ("", raw[:-1], raw + "x", "acme_test_" + raw[22:], "x" + raw):
        assert keys.shown_id(other) is None


def test_the_id_in_what_people_call_a_key():
    made = keys.generate(False)
    for text in (made.id, made.prefix, made.raw, f" {made.id}\n"):
        assert keys.id_of(text) == made.id
