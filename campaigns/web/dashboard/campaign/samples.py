"""A message as real people of the list get it."""

from collections.abc import Sequence

from nicegui import ui

from schemas.sample import Sample


def samples(found: Sequence[Sample]) -> None:
    """Build a bubble for each person."""
    with ui.element("div").classes("samples"):
        for sample in found:
            with ui.element("div").classes("sample"):
                ui.label(f"{sample.recipient_id}, page {sample.page}").classes("small soft figures")
                for text in sample.texts:
                    ui.label(text).classes("bubble")
                for title in sample.quick_replies:
                    ui.label(title).classes("quick")
                for length in sample.lengths:
                    ui.label(f"{length:,} of {sample.limit:,} {sample.unit}").classes("small soft figures")
                if sample.note:
                    ui.label(sample.note).classes("small")
