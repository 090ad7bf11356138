"""The area rollouts."""
