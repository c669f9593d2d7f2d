"""What smalti-mini's pictures are worth, measured: the parts of `bench/quality.py`.

drawing   pictures drawn by the engine, scenes never trained on
renders   the judge and the tokenizer, on renders and photographs
prompts   pictures from captions
words     the signs on them
changes   pictures in another style, and edited by instructions
scores    what counts as right
signs     reading a sign
likeness  comparing pictures; other means in as many bytes
"""
