"""Webhook bodies, kept before they are acknowledged and applied afterwards."""
