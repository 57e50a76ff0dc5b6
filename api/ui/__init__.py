"""The pages' ground: mounting, sign-in, frame, theme, texts and the client by which pages ask the REST API.

Pages themselves are in `api/dashboard` and `api/drive`. They know nothing but `Visit` and `parts`.
"""
