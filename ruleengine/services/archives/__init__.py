"""The archive of workflows that are over: whole, in a database, in Argo's own tables."""
