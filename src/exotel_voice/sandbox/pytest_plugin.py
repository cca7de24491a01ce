"""The pytest plugin that the package ships."""
