"""What an image runs, for steps that leave out their command and run through our wrapper."""

from collections.abc import Callable

from ruleengine.local.runtime.images import Images
from ruleengine.model.configuration import Configuration
from ruleengine.model.decisions import Answer, Request


def make_entrypoints(configuration: Configuration, *, local: bool) -> Callable[[Request], Answer]:
    """Return the performer of requests for the entrypoint of an image.

    Locally a table says it. On a cluster nobody of ours asks the registry yet.
    """
    images = Images(configuration.local_images)

    def perform(request: Request) -> Answer:
        image = str(request.payload["image"])
        found = images.find(image) if local else None
        if found is None or not (found.entrypoint or found.cmd):
            return Answer(
                error=f"what the image {image} runs is not known",
                remedy="write the command of the step"
                + (", or add the image under `local: images:` in ruleengine.yaml" if local else ""),
            )
        return Answer(value={"entrypoint": list(found.entrypoint), "cmd": list(found.cmd)})

    return perform
