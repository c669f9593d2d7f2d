"""OpenAI-compatible HTTP: requests in, pictures and events out, errors in one form.

app        puts the parts below together
edge       the outermost layer: a request id on every reply, one line in the log
guard      clients that are slow, or too many; crowd: how many requests of each user are open
apart      slow work, on threads of its own, and little of each user at a time
auth       who sends a request, and whether he may; country: from where
body, form JSON and multipart, read up to a limit
schema     what the fields of a request may be
uploads    the pictures of an edit
images     generations and edits
patience   for how long a client waits, as its headers say
retries    what a client sends again follows the job that it began; idempotent: by its key
reply      what a reply tells: the pictures, the tokens, what was asked and what was served
events     the same as a stream
jobs       jobs of one's own
places     a job's place in the queue, as words, headers and fields
limits     the limits that hold for a caller, and what they would say
rates      limits as headers
denials    a denial as HTTP
links      pictures as links that expire
admin      organisations, users and keys; admin_policy: tiers, switches; console: its pages' reads;
           admin_routes: how their addresses are served and described
catalogue  the models, and whether the server is well; metrics_route: /metrics
errors     the status and the body of each error
openapi    /openapi.json; shapes, admin_shapes, console_shapes: of replies; sent: of bodies;
           described: by status
"""

from smalti.api.app import create_app

__all__ = ["create_app"]
