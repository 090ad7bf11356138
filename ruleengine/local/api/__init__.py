"""The Kubernetes HTTP API as a function: ``ApiServer.handle(request) -> response``."""
