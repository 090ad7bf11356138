"""The schemas of the kinds of one server: built-in ones from facts, others from its CRDs."""

from ruleengine.apimachinery.kinds import KindInfo, KindTable
from ruleengine.apimachinery.schema import (
    Schema,
    deduced_object,
    schema_for,
    schema_from_openapi,
)
from ruleengine.cluster.client import Client
from ruleengine.cluster.errors import ApiError
from ruleengine.model.actions import Target
from ruleengine.model.values import Object, lookup

CRD: tuple[str, str] = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")


class Shapes:
    """Tells scope and schema of every kind that a server knows, and of those it will know.

    Callable as ``shapes(api_version, kind) -> Schema``, which is what
    :func:`ruleengine.environments.merging.make_merge` asks for.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._planned: dict[tuple[str, str], Object] = {}
        self._table = KindTable.of(())
        self._schemas: dict[tuple[str, str], Schema] = {}

    def expect(self, crd: Object) -> None:
        """Take a CustomResourceDefinition of the plan as if the server had it already."""
        group = str(lookup(crd, "spec", "group", default=""))
        kind = str(lookup(crd, "spec", "names", "kind", default=""))
        self._planned[(group, kind)] = crd
        self._table = KindTable.of(()).with_custom(self._planned.values())
        self._schemas.clear()

    def find(self, api_version: str, kind: str) -> KindInfo | None:
        """Return what is known of a kind, or ``None``."""
        planned = self._table.find(api_version, kind)
        return planned or self._client.kind(api_version, kind)

    def is_live(self, api_version: str, kind: str) -> bool:
        """Tell whether the server itself knows the kind now."""
        return self._client.kind(api_version, kind) is not None

    def __call__(self, api_version: str, kind: str) -> Schema:
        """Return the schema of a kind; one deduced from values where nothing declares it."""
        key = (api_version, kind)
        if key not in self._schemas:
            self._schemas[key] = self._make(api_version, kind)
        return self._schemas[key]

    def _make(self, api_version: str, kind: str) -> Schema:
        if KindTable.built_in().find(api_version, kind) is not None:
            return schema_for(api_version, kind)
        info = self.find(api_version, kind)
        if info is None:
            return deduced_object()
        has_status = "status" in info.subresources
        crd = self._planned.get((info.group, kind)) or self._live_crd(info)
        for version in lookup(crd, "spec", "versions", default=()):
            if version.get("name") == info.version:
                openapi = lookup(version, "schema", "openAPIV3Schema")
                return schema_from_openapi(openapi, has_status=has_status)
        return deduced_object(has_status=has_status)

    def _live_crd(self, info: KindInfo) -> Object:
        try:
            return self._client.get(Target(*CRD, "", f"{info.plural}.{info.group}")) or {}
        except ApiError:
            return {}
