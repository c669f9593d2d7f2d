"""The pages: the studio for who wants a picture, the console for who runs the server.

pages    sends them, and says what a browser may do with them
static/  the pages themselves: HTML, CSS and ES modules as they are, without a build

A page is a client like any other: all that it knows and does goes through the HTTP API, with the
key of whoever looks at it. The server keeps nothing for an open page but the stream that it reads.
"""

from smalti.studio.pages import pages_router

__all__ = ["pages_router"]
