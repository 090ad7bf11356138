"""Where an application's manifests come from, and what becomes of it when they cannot be had."""

from ruleengine.app.applying import Delivery
from ruleengine.app.inspecting import Standing
from ruleengine.model.actions import Target
from ruleengine.model.names import ARGO_TRACKING as ARGO
from ruleengine.model.values import lookup
from tests.app.kit import SERVICE_TARGET, World, config_map, messages

MAP = Target("v1", "ConfigMap", "staging", "web")


def standing(delivery: Delivery, name: str) -> Standing:
    """Return how an application stands."""
    return next(one for one in delivery.standings if one.target.name == name)


def switch(world: World, namespace: str = "staging") -> str:
    """Return what the ConfigMap of an environment says."""
    target = Target("v1", "ConfigMap", namespace, "web")
    return str(lookup(world.get(target), "data", "switch"))


def test_two_environments_of_one_path_get_their_own_objects(world: World) -> None:
    """Each in its own namespace, both healthy."""
    world.change({"environments/production/web.yaml": "source: {path: apps/web}\n"})
    delivery = world.apply()
    assert not delivery.failed, messages(delivery.outcomes)
    for namespace in ("staging", "production"):
        target = Target("v1", "Service", namespace, "web")
        tracking = lookup(world.get(target), "metadata", "annotations", ARGO)
        assert tracking == f"web-{namespace}:/Service:{namespace}/web"
    assert str(delivery.pods) == "simulated 4 of 4 pods"


def test_a_pinned_revision_stays_when_the_files_change(world: World) -> None:
    """A tag and a commit of this repo; without one the files as they lie here count."""
    world.change({"apps/web/map.yaml": config_map("web", "old")})
    world.repo.git("tag", "v1")
    commit = world.repo.git("rev-parse", "HEAD").strip()
    source = "source: {{path: apps/web, targetRevision: {}}}\n"
    world.change(
        {
            "environments/production/web.yaml": source.format("v1"),
            "environments/test/web.yaml": source.format(f'"{commit}"'),
            "apps/web/map.yaml": config_map("web", "new"),
        }
    )
    delivery = world.apply()
    assert not delivery.failed, messages(delivery.outcomes)
    assert [switch(world, name) for name in ("production", "test", "staging")] == [
        "old",
        "old",
        "new",
    ]
    assert standing(delivery, "web-production").revision == commit
    assert standing(delivery, "web-staging").revision != commit
    world.repo.write({"apps/web/map.yaml": config_map("web", "uncommitted")})
    world.apply()
    assert (switch(world), switch(world, "production")) == ("uncommitted", "old")


def test_a_project_that_denies_is_a_visible_failure(world: World) -> None:
    """The application says what is not permitted, and nothing of it is written."""
    world.change(
        {
            "environments/staging/web.yaml": "project: closed\nsource: {path: apps/web}\n",
            "environments/closed.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\n"
            "metadata: {name: closed, namespace: ruleengine}\n"
            "spec:\n  sourceRepos: ['*']\n"
            "  destinations: [{server: 'https://kubernetes.default.svc', namespace: other}]\n",
        }
    )
    delivery = world.apply()
    assert delivery.failed
    assert "closed" in standing(delivery, "web-staging").message
    assert world.get(SERVICE_TARGET) is None


def test_an_unreadable_repository_fails_its_application_only(world: World) -> None:
    """The failure names the repository; the others are synced."""
    missing = world.state / "no-such-repository"
    world.change(
        {
            "environments/test/other.yaml": f"source: {{repoURL: 'file://{missing}', path: x}}\n",
        }
    )
    delivery = world.apply()
    assert delivery.failed
    broken = standing(delivery, "other-test")
    assert str(missing) in broken.message
    good = standing(delivery, "web-staging")
    assert (good.sync, good.health) == ("Synced", "Healthy")
