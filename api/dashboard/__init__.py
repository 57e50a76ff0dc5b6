"""The dashboard's pages, a module each. Every module of this package is imported when the pages are mounted."""
