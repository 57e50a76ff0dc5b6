"""What leaves Raycharge for other systems and for shared mailboxes and chats: by webhook, e-mail or a chat service.

`queue.enqueue` writes, in the transaction of what happened, one row for each channel that wants to hear of it. A worker
of the back office takes each row along (`worker.py`), and what cannot be delivered is shown until somebody replays it.
"""
