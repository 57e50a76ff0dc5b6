"""The Ray layer: hosts in which actors live, what reaches them, and what keeps them alive."""
