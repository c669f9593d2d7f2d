"""The words of captions that are only ever measured with: other phrasing, the same meaning.

The key words ("fox", "dusk", "mosaic") also occur in training, since smalti-mini learns English
from nothing; how they are put together does not. Every frame begins or ends unlike training's.
"""

from __future__ import annotations

from smalti.train.world.phrases import Phrases

HELD_OUT = Phrases(
    frames=(
        "show me {x}", "show us {x} today", "imagine {x}", "could you show {x} here",
        "let us see {x}", "I'd love to see {x}", "what about {x}", "how about {x}, finely done",
        "render {x}", "visualise {x}", "we are looking for {x}", "my wish: {x}",
        "wanted: {x}", "here is my idea: {x}", "this is what I have in mind: {x}",
    ),
    style_leads={
        "photo": ("a true photo showing {x}", "a photograph that shows {x}"),
        "pastel": ("a pastel picture showing {x}", "a drawing in soft pastel of {x}",
                   "a ghibli watercolour showing {x}"),
        "mosaic": ("a mosaic that shows {x}", "a picture in mosaic tiles of {x}"),
        "ink": ("a drawing in black ink showing {x}", "a sumi-e ink picture that shows {x}"),
        "poster": ("a poster that shows {x}", "a flat poster illustration showing {x}"),
    },
    style_tails={
        "photo": ("all of it as a photograph", "the style is photo"),
        "pastel": ("all of it in soft pastel", "the style is pastel", "the style is ghibli anime"),
        "mosaic": ("all of it as a glass mosaic", "the style is mosaic"),
        "ink": ("all of it in ink with a brush", "the style is ink"),
        "poster": ("all of it as a flat poster", "the style is poster"),
    },
    settings={
        "time": {
            "dawn": ("in the light of dawn", "at early dawn", "around sunrise"),
            "day": ("in the middle of the day", "in the light of day", "around noon"),
            "sunset": ("in the light of sunset", "around sunset", "in the last evening light"),
            "night": ("in the middle of the night", "around midnight", "deep in the night"),
        },
        "weather": {
            "clear": ("the sky being clear", "below a clear sky"),
            "cloudy": ("the sky being cloudy", "below a sky of clouds"),
            "rain": ("rain falling all over", "below falling rain"),
            "snow": ("snow falling all over", "below falling snowflakes"),
        },
        "ground": {
            "grass": ("upon green grass", "standing on grass"),
            "sand": ("upon sand", "standing on sand"),
            "snow": ("upon snow-covered ground", "standing on snowy ground"),
            "wheat": ("amid wheat", "standing in wheat"),
        },
        "background": {
            "plain": ("far behind it a wide plain", "with nothing but a plain behind"),
            "hills": ("far behind it some hills", "with rolling hills far behind"),
            "mountains": ("far behind it some mountains", "with high mountains far behind"),
            "forest": ("far behind it a forest", "with the woods far behind"),
            "sea": ("far behind it the sea", "with the ocean far behind"),
        },
        "sky_body": {
            "sun": ("the sun high above it", "below a bright sun"),
            "moon": ("the moon high above it", "below a full moon"),
        },
    },
    tags={
        "time": {
            "dawn": ("time of day: dawn", "dawn light"),
            "day": ("time of day: noon", "day light"),
            "sunset": ("time of day: sunset", "sunset light"),
            "night": ("time of day: night", "night light"),
        },
        "weather": {
            "clear": ("weather: clear", "a clear sky"),
            "cloudy": ("weather: cloudy", "a cloudy sky"),
            "rain": ("weather: rain", "rain in the air"),
            "snow": ("weather: snow falling", "snow in the air"),
        },
        "ground": {
            "grass": ("ground: grass", "grass below"),
            "sand": ("ground: sand", "sand below"),
            "snow": ("ground: snow-covered", "snow on the field"),
            "wheat": ("ground: wheat", "wheat below"),
        },
        "background": {
            "plain": ("background: plain", "a plain behind"),
            "hills": ("background: hills", "some hills behind"),
            "mountains": ("background: mountains", "some mountains behind"),
            "forest": ("background: forest", "the forest behind"),
            "sea": ("background: sea", "the sea behind"),
        },
        "sky_body": {
            "sun": ("above: the sun", "a bright sun in the sky"),
            "moon": ("above: the moon", "a full moon in the sky"),
        },
    },
    joint={
        (("ground", "sand"), ("background", "sea")): ("upon a beach", "standing on the beach"),
        (("time", "night"), ("sky_body", "moon")): ("in the light of the moon at night",),
        (("time", "day"), ("sky_body", "sun")): ("in the sun of midday",),
        (("time", "night"), ("weather", "rain")): ("while it rains at night",),
    },
    colours={name: (name,) for name in ("red", "blue", "yellow", "white", "brown", "grey",
                                        "green")},
    house=("a house that is {c}, its roof {r}", "a house in {c} with its roof in {r}",
           "one small house, {c} below and {r} on the roof"),
    house_only=("a house that is {c}", "a house in {c}", "one small house painted {c}"),
    trees={
        "round": {1: ("a tree, round and leafy", "just one round tree"),
                  2: ("trees, two of them, round", "round trees (two)"),
                  3: ("trees, three of them, round", "round trees (three)")},
        "pine": {1: ("just one pine tree", "a tree, a pine"),
                 2: ("trees, two of them, pines", "pine trees (two)"),
                 3: ("trees, three of them, pines", "pine trees (three)")},
        "blossom": {1: ("just one cherry tree in full blossom", "a tree in pink blossom"),
                    2: ("two trees in pink blossom", "cherry blossom trees (two)"),
                    3: ("three trees in pink blossom", "cherry blossom trees (three)")},
        "any": {1: ("just one tree",), 2: ("trees, two of them",), 3: ("trees, three of them",)},
    },
    boat={
        "sailboat": ("just one sailboat", "a boat with a white sail"),
        "steamboat": ("just one steamboat", "a steamship with its funnel"),
    },
    animal={
        "cat": ("just one cat", "an animal: a cat"),
        "sheep": ("just one sheep", "an animal: a sheep"),
        "fox": ("just one fox", "an animal: a fox"),
    },
    figure=("a person whose coat is {c}", "a person dressed in a coat of {c}",
            "somebody wearing {c}"),
    sign=("a sign on which {w} is written", "a sign, and it says {w}", "a board with {w} on it",
          "a sign bearing the text {w}"),
    sign_bare=("a sign, and it says {w}", "a sign, which reads {w}"),
    sides={
        "left": ("over on the left",),
        "middle": ("right in the middle", "just in the center"),
        "right": ("over on the right",),
    },
    absent={
        "house": ("and not a house in sight", "free of houses"),
        "tree": ("and not a tree in sight", "free of trees"),
        "animal": ("and not an animal in sight", "free of animals"),
        "figure": ("and not a person in sight", "free of people"),
        "sign": ("and not a sign in sight", "free of any text"),
        "boat": ("and not a boat in sight", "free of boats"),
        "sky_body": ("and neither sun nor moon in sight",),
    },
    nothing=("some landscape", "one wide landscape"),
)  # fmt: skip
