"""What an image runs, for steps that leave out their command and run through our wrapper."""

from collections.abc import Callable

from ruleengine.local.runtime.images import Images
from ruleengine.model.configuration import Configuration
from ruleengine.model.decisions import Answer, Request

_WRITE_IT = "write the command of the step"


def make_entrypoints(configuration: Configuration, *, local: bool) -> Callable[[Request], Answer]:
    """Return the performer of requests for the entrypoint of an image.

    Locally a table says it, on a cluster the registry of the image.
    """
    images = Images(configuration.local.images)

    def perform(request: Request) -> Answer:
        image = str(request.payload["image"])
        return _from_table(images, image) if local else _from_registry(image)

    return perform


def _from_table(images: Images, image: str) -> Answer:
    found = images.find(image)
    if not (found.entrypoint or found.cmd):
        remedy = f"{_WRITE_IT}, or add the image under `local: images:` in ruleengine.yaml"
        return Answer(error=f"what the image {image} runs is not known", remedy=remedy)
    return _answer(image, found.entrypoint, found.cmd)


def _from_registry(image: str) -> Answer:
    from ruleengine.services.registries import Registry, RegistryError, parse_reference

    try:
        found = Registry(parse_reference(image)).started()
    except RegistryError as error:
        return Answer(error=f"what the image {image} runs is not known: {error}", remedy=_WRITE_IT)
    return _answer(image, found.entrypoint, found.cmd)


def _answer(image: str, entrypoint: tuple[str, ...], cmd: tuple[str, ...]) -> Answer:
    if not (entrypoint or cmd):
        return Answer(error=f"the image {image} runs nothing by itself", remedy=_WRITE_IT)
    return Answer(value={"entrypoint": list(entrypoint), "cmd": list(cmd)})
