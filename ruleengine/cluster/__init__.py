"""The engine's only way to a Kubernetes API: connection, discovery, reads, writes, watches."""
