"""The dashboard: screens for people, built of NiceGUI's own elements; everything they load comes from here."""
