"""The endpoints of a local Twitch OAuth server without HTTP: form fields in, JSON content out."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlencode

from simulator.oauth_state import Grant, OAuthRefusedError, OAuthState, PendingCode

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"

_MISMATCH = "Parameter redirect_uri does not match registered URI"

Fields = Mapping[str, str]
Answer = dict[str, object]


def token(state: OAuthState, fields: Fields) -> Answer:
    """Return the response of /token to the *fields* of the body. Raises OAuthRefusedError."""
    kind = fields.get("grant_type", "")
    state.calls.append(f"token {kind}")
    if kind == "authorization_code":
        return _exchange_code(state, fields)
    if kind == "refresh_token":
        return _refresh(state, fields)
    if kind == DEVICE_GRANT:
        return _exchange_device_code(state, fields)
    raise OAuthRefusedError("missing or invalid grant_type")


def device(state: OAuthState, fields: Fields, activate_url: str) -> Answer:
    """Return the response of /device. Raises OAuthRefusedError."""
    state.calls.append("device")
    client_id = fields.get("client_id", "")
    state.application(client_id)
    user_code = "".join(secrets.choice("BCDFGHJKLMNPQRSTVWXZ") for _ in range(8))
    device_code = secrets.token_hex(20)
    state.device_codes[device_code] = PendingCode(
        grant=Grant(client_id, state.login, fields.get("scopes", "").split()),
        expires_at=state.clock() + state.device_code_life_s,
        user_code=user_code,
        interval_s=state.device_interval_s,
    )
    return {
        "device_code": device_code,
        "expires_in": state.device_code_life_s,
        "interval": state.device_interval_s,
        "user_code": user_code,
        "verification_uri": f"{activate_url}?device-code={user_code}",
    }


def validate(state: OAuthState, authorization: str) -> Answer:
    """Return the response of /validate to this Authorization header. Raises OAuthRefusedError."""
    state.calls.append("validate")
    scheme, _, access_token = authorization.partition(" ")
    if scheme != "OAuth" or not access_token:
        raise OAuthRefusedError("missing authorization token", HTTPStatus.UNAUTHORIZED)
    if access_token not in state.valid_tokens:
        raise OAuthRefusedError("invalid access token", HTTPStatus.UNAUTHORIZED)
    found = state.valid_tokens.issued[access_token]
    return {
        "client_id": found.grant.client_id,
        "login": found.grant.login,
        "scopes": found.grant.scopes or None,
        "user_id": state.user_id(found.grant.login),
        "expires_in": int(found.expires_at - state.clock()),
    }


def revoke(state: OAuthState, fields: Fields) -> None:
    """Revoke the token in *fields*, as /revoke does. Raises OAuthRefusedError."""
    state.calls.append("revoke")
    if fields.get("client_id", "") not in state.applications:
        raise OAuthRefusedError("client does not exist", HTTPStatus.NOT_FOUND)
    if fields.get("token", "") not in state.valid_tokens:
        raise OAuthRefusedError("Invalid token")
    del state.valid_tokens[fields["token"]]


def check_authorize(state: OAuthState, fields: Fields) -> str | None:
    """
    Return the URL to redirect to if the request is invalid, or None if the person can be asked.

    Raises OAuthRefusedError if the application is unknown.
    """
    app = state.application(fields.get("client_id", ""))
    if fields.get("redirect_uri") in app.redirect_uris:
        return None
    # Twitch then redirects to the first registered URL.
    error = {"error": "redirect_mismatch", "error_description": _MISMATCH}
    return f"{app.redirect_uris[0]}?{urlencode(error | {'state': fields.get('state', '')})}"


def authorize(state: OAuthState, fields: Fields, *, allowed: bool) -> str:
    """Return the URL to redirect to after the person has allowed or denied the request."""
    state.calls.append("authorize" if allowed else "authorize denied")
    if not allowed:
        answer = {"error": "access_denied", "error_description": "The user denied you access"}
    else:
        answer = {"code": secrets.token_hex(15), "scope": fields.get("scope", "")}
        state.codes[answer["code"]] = PendingCode(
            grant=Grant(fields["client_id"], state.login, fields.get("scope", "").split()),
            expires_at=state.clock() + state.code_life_s,
            redirect_uri=fields["redirect_uri"],
        )
    answer["state"] = fields.get("state", "")
    return f"{fields['redirect_uri']}?{urlencode(answer)}"


def _exchange_code(state: OAuthState, fields: Fields) -> Answer:
    app = state.application(fields.get("client_id", ""))
    if app.secret is None:
        raise OAuthRefusedError("Invalid client credentials")
    _check_secret(state, fields)
    pending = state.codes.pop(fields.get("code", ""), None)
    if pending is None or state.clock() >= pending.expires_at:
        raise OAuthRefusedError("Invalid authorization code")
    if fields.get("redirect_uri") != pending.redirect_uri:
        raise OAuthRefusedError(_MISMATCH, HTTPStatus.FORBIDDEN)
    return state.issue(pending.grant)


def _refresh(state: OAuthState, fields: Fields) -> Answer:
    app = state.application(fields.get("client_id", ""))
    _check_secret(state, fields)
    refresh_token = fields.get("refresh_token", "")
    grant = state.refresh_tokens.get(refresh_token)
    if grant is None or grant.client_id != fields["client_id"]:
        raise OAuthRefusedError("Invalid refresh token")
    if app.secret is not None:
        repeated = {"refresh_token": refresh_token} if state.repeats_refresh_token else {}
        return state.issue_access(grant) | repeated
    # "Public clients: refresh tokens are one-time use."
    del state.refresh_tokens[refresh_token]
    return state.issue(grant)


def _exchange_device_code(state: OAuthState, fields: Fields) -> Answer:
    state.application(fields.get("client_id", ""))
    device_code = fields.get("device_code", "")
    pending = state.device_codes.get(device_code)
    now = state.clock()
    if pending is None or now >= pending.expires_at:
        raise OAuthRefusedError("invalid device code")
    if pending.allowed is None:
        too_soon = now < pending.asked_at + pending.interval_s
        pending.asked_at = now
        # RFC 8628 (3.5): each slow_down makes the interval 5 s longer.
        pending.interval_s += 5 * too_soon
        raise OAuthRefusedError("slow_down" if too_soon else "authorization_pending")
    del state.device_codes[device_code]
    if not pending.allowed:
        raise OAuthRefusedError("access_denied")
    return state.issue(pending.grant)


def _check_secret(state: OAuthState, fields: Fields) -> None:
    secret = state.application(fields["client_id"]).secret
    if secret is None:
        return
    if "client_secret" not in fields:
        raise OAuthRefusedError("missing client secret")
    if fields["client_secret"] != secret:
        raise OAuthRefusedError("invalid client secret", HTTPStatus.FORBIDDEN)
