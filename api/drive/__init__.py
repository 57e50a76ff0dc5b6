"""The driver's web app. Every module of this package is imported when the pages are mounted.

Pages are plain HTML that works before any script does, made here from what the REST API answers to whoever looks. What
changes while one looks is a fragment of the page, asked for again by `assets/drive.js` (`fragments.py`). So a reload, a
second tab and a network that comes back show the same: what is so now.
"""
