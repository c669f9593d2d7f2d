"""smalti-mini, the built-in model.

words      a prompt's quoted word
layout     what stands where: the fields, their tokens, the aligned maps
reader     bytes → layout
writing    sampling a layout within what can stand
seer       a source picture's tiles → the layout it shows
editing    an instruction carried out on what the seer saw
drawer     layout, source and tiles → the next tile
stepper    the drawer's fast path: many pictures, one tile each
tokenizer  tiles ↔ pixels
mini       all of it, as the engine sees it
weights    the file
"""

from smalti.models.mini.weights import load

__all__ = ["load"]
