"""What is served over HTTP: the receivers of events."""
