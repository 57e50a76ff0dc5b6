"""What pages are built of. Each part speaks the reader's language and says with words what it says with colour."""
