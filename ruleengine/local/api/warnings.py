"""What answers warn of, so that nothing is accepted in silence that nobody acts on.

Clients show these texts to people (reference, Kubernetes API sections 2 and 12).
"""

from collections.abc import Sequence
from typing import Final

from ruleengine.local.api.catalog import DEFINITIONS, Served
from ruleengine.model.http import HttpResponse
from ruleengine.model.values import Object, lookup

_ASKS_NOBODY: Final = {
    "MutatingWebhookConfiguration": "no webhook is called",
    "ValidatingWebhookConfiguration": "no webhook is called",
    "ValidatingAdmissionPolicy": "its rules are not enforced",
    "ValidatingAdmissionPolicyBinding": "its policy is not enforced",
}


def of_value(value: Object, served: Served) -> list[str]:
    """Return what an object asks for that this server stores and does not do."""
    info = served.info
    if info.group == "admissionregistration.k8s.io" and info.kind in _ASKS_NOBODY:
        return [f"the {info.kind} is stored, and {_ASKS_NOBODY[info.kind]}"]
    if served.resource != DEFINITIONS:
        return []
    if lookup(value, "spec", "conversion", "strategy") == "Webhook":
        return ["conversion by webhook is not done: each version shows the fields that are stored"]
    return []


def of_version(served: Served) -> list[str]:
    """Return the warning of a version that its definition calls deprecated."""
    version = served.definition or {}
    if not version.get("deprecated"):
        return []
    info = served.info
    return [
        str(version.get("deprecationWarning") or f"{info.api_version} {info.kind} is deprecated")
    ]


def with_warnings(response: HttpResponse, warnings: Sequence[str]) -> HttpResponse:
    """Return an answer that warns (RFC 7234, section 5.5: code 299, no agent)."""
    if not warnings:
        return response
    quoted = (one.replace("\\", "\\\\").replace('"', '\\"') for one in warnings)
    stated = [response.headers["warning"]] if "warning" in response.headers else []
    header = ", ".join([*stated, *(f'299 - "{one}"' for one in quoted)])
    return response._replace(headers={**response.headers, "warning": header})
