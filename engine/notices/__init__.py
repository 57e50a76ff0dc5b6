"""Notices to drivers about their charging: by e-mail and to their browsers (web push), as each of them wants it.

async with database.write() as connection:
    …                                                    # the change itself
    await tell(connection, at, Notice(driver, network, CASE_ANSWERED, "case:17", {"number": "C-17", …}))
"""
