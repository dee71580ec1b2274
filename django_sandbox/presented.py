"""The API key that a request presents: found in its headers, verified, put to use."""

from __future__ import annotations

from typing import Any

from django_sandbox import failed_keys, keys, toggle
from django_sandbox.exceptions import ApiKeyError, ApiKeyInvalid
from django_sandbox.models import ApiKey


def key_of(request: Any) -> ApiKey | None:
    """The verified key of a request; ``None`` where it presents none of our brand.

    :raises ApiKeyError, TooManyFailedKeys: for a key that does not verify.
    :raises SandboxNotActive: for a test key whose sandbox is not active.
    """
    tokens = _tokens(request)
    if not tokens:
        return None
    if len(tokens) > 1:
        refusal: ApiKeyError = ApiKeyInvalid("Two different API keys were sent. Send one.")
        raise failed_keys.refuse(request, None, refusal)
    token = tokens.pop()
    try:
        api_key: ApiKey = ApiKey.objects.authenticate(token)
    except ApiKeyError as refusal:
        raise failed_keys.refuse(request, token, refusal) from None
    return api_key


def put_to_use(request: Any, api_key: ApiKey) -> None:
    """Make the key the request's: its sandbox is opened, its use noted.

    :raises SandboxNotActive: where its sandbox cannot be opened.
    """
    if api_key.is_test and api_key.sandbox_status is None:
        toggle.open_sandbox(api_key.owner, api_key.environment)
    api_key.touch()
    request.api_key = api_key


def _tokens(request: Any) -> set[keys.RawKey]:
    """The keys of our brand that the request's headers hold. Other tokens are not ours."""
    scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").strip().partition(" ")
    found = {keys.RawKey(token.strip())} if scheme.lower() == "bearer" else set()
    found.add(keys.RawKey(request.META.get("HTTP_X_API_KEY", "").strip()))
    return {token for token in found if keys.is_of_our_brand(token)}
