"""The key format: what is made parses, and nothing else does."""

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
