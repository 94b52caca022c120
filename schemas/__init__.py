"""The vocabulary: tables, closed lists and shapes. One noun a file; no I/O, no imports from the layers above."""
