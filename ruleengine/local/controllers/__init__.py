"""The controllers: pure functions from what is stored to what should be written next."""
