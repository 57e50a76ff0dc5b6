"""The Ray layer: hosts in which actors live, what reaches them, and what keeps them alive."""

import engine  # noqa: F401  before any module here: it finds the compiled ones
