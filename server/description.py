"""This server's own API description, made once."""

from __future__ import annotations

from functools import cache

from server.app import all_routes
from server.compose import flowdesk_version
from server.openapi import Json, api_description


@cache
def description() -> Json:
    """The OpenAPI document of all routes."""
    return api_description(all_routes(), version=flowdesk_version())
