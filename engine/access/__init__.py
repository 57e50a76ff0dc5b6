"""Who acts, and what of a shared installation they may see."""
