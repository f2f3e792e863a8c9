"""Answering over HTTP: the API and the workbench."""
