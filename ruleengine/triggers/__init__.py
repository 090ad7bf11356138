"""The area triggers: pure deciders of event sources, event buses and sensors."""
