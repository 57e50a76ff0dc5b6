"""The page of one charge point: a tab for each thing that one wants to know of it."""
