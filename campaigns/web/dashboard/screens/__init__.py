"""The screens, one a module; each registers itself."""
