"""Networks and tokenizers, as plain modules.

tile_model  what the engine asks of a model
registry    model names and where they are loaded from
facts       what the upper rooms know of a model without loading it
mini        smalti-mini, the built-in model
"""
