"""Picture files: bytes to pixels and back, and how pixels are cut and stretched to a size.

decode    a file that somebody sent, whatever it claims to be; header: what it says of itself
encode    png, webp and jpeg, with what the picture was made from
kept      sources as files of our own; masks: which part an edit may change
framing   from the size that was asked for to the model's grid, and back
partial   a picture of which only the upper rows are drawn
terminal  a preview made of characters
"""
