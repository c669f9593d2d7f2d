"""OpenAI-compatible HTTP: requests in, pictures and events out, errors in one form.

app       puts the parts below together
edge      the outermost layer: a request id on every reply, one line in the log
auth      the key
body      JSON and multipart, read up to a limit
schema    what the fields of a request may be
images    generations and edits
reply     what a reply tells: the pictures, the tokens, what was asked and what was served
events    the same as a stream
catalogue the models, and whether the server is well
errors    the status and the body of each error
"""

from smalti.api.app import create_app

__all__ = ["create_app"]
