"""The words of edit instructions: one table for training, one only ever measured with.

`{x}` is a noun phrase with its article, `{t}` a thing that is there ("the fox"), `{o}` a new kind,
`{c}` a colour, `{w}` a sign's word (without quotes where a phrase is listed as bare).
"""

from __future__ import annotations

from dataclasses import dataclass

from smalti.train.world.phrases import Options, Table


@dataclass(frozen=True)
class EditPhrases:
    """All that an instruction needs."""

    frames: Options
    change: Table
    """Field -> new value -> phrases that are complete instructions."""
    style_names: dict[str, Options]
    style: Options
    """Around a style's name ({s})."""
    recolour: dict[str, Options]
    add: Options
    add_sky: dict[str, Options]
    another_tree: Options
    remove: Options
    turn: Options
    reword: Options
    reword_bare: Options


TRAINING_EDITS = EditPhrases(
    frames=("{x}", "{x}", "{x}", "{x}", "{x}", "please {x}", "{x} please", "can you {x}",
            "{x}, thanks", "could you {x}", "now {x}", "i want you to {x}", "just {x}"),
    change={
        "time": {
            "dawn": ("make it morning", "make it dawn", "turn this into a sunrise",
                     "change the time to early morning", "set it at dawn", "make it sunrise",
                     "put it in morning light", "change to morning", "let it be morning",
                     "i want it at dawn", "the light of an early morning", "it should be dawn"),
            "day": ("make it day", "turn it into daytime", "make it noon", "change it to day",
                    "set the time to midday", "make it daylight", "put it in full daylight",
                    "change the time to day", "make it afternoon", "let it be day",
                    "i want it at noon",
                    "it should be daytime", "in the light of noon"),
            "sunset": ("turn this into a sunset", "make it evening", "make it sunset",
                       "change the time to dusk", "make it golden hour", "set it at sunset",
                       "put it in evening light", "change to sunset", "make it dusk",
                       "let it be evening",
                       "i want it at sunset", "it should be sunset"),
            "night": ("make it night", "turn day into night", "change it to night",
                      "set it at night", "make it midnight", "make it dark", "turn it into a night",
                      "change the time to night", "make this a night scene", "let it be night",
                      "i want it at night", "it should be night", "as dark as night"),
        },
        "weather": {
            "clear": ("clear the sky", "make the weather clear", "remove the clouds",
                      "make the sky clear", "stop the rain", "give it a clear sky",
                      "change the weather to clear", "make it a cloudless sky",
                      "the weather should be clear",
                      "i want a clear sky", "give me clear weather", "the sky should be clear"),
            "cloudy": ("add clouds", "make it cloudy", "make the sky cloudy", "make it overcast",
                       "fill the sky with clouds", "change the weather to cloudy",
                       "put grey clouds in the sky", "the weather should be cloudy",
                       "i want a cloudy sky", "the sky should be cloudy", "give me clouds"),
            "rain": ("add rain", "make it rain", "let it rain", "make it rainy",
                     "change the weather to rain", "put it in the rain", "turn on the rain",
                     "make the weather rainy", "the weather should be rainy", "i want it to rain",
                     "rain should fall", "give me rain"),
            "snow": ("let it snow", "make it snow", "add falling snow", "make snow fall",
                     "change the weather to snow", "add snowflakes", "put in a snowfall",
                     "add a snowstorm", "snow should fall", "i want it to snow",
                     "give me falling snow",
                     "the weather should be snowy", "snowflakes should fall"),
        },
        "ground": {
            "grass": ("cover the ground with grass", "make the ground grass",
                      "turn the ground into a meadow", "change the ground to grass",
                      "make it a green field", "replace the ground with green grass",
                      "i want grass on the ground", "the ground should be grass",
                      "grass should cover the ground", "put it on a meadow"),
            "sand": ("cover the ground with sand", "make the ground sand", "turn it into a desert",
                     "change the ground to sand", "make the ground sandy",
                     "replace the ground with sand", "i want sand on the ground",
                     "the ground should be sand", "sand should cover the ground",
                     "put it in a desert"),
            "snow": ("cover the ground with snow", "make the ground snowy",
                     "turn the field into a snowfield", "change the ground to snow",
                     "put snow on the ground", "make the ground white with snow",
                     "i want snow on the ground", "the ground should be snowy",
                     "snow should cover the ground", "put it on snowy ground"),
            "wheat": ("cover the ground with wheat", "make the ground a wheat field",
                      "turn it into a wheat field", "change the ground to wheat",
                      "make it a golden field", "replace the ground with a cornfield",
                      "i want wheat on the ground", "the ground should be wheat",
                      "wheat should cover the ground", "put it in a wheat field"),
        },
        "background": {
            "plain": ("make the land flat", "remove the background", "make it a flat plain",
                      "clear the horizon", "i want a flat plain behind", "the land should be flat",
                      "give me an empty plain at the back"),
            "hills": ("add hills in the background", "put hills behind", "change to hills",
                      "make the background hills", "add rolling hills", "i want hills behind",
                      "hills should be behind it", "give me hills at the back"),
            "mountains": ("add mountains in the background", "put mountains behind",
                          "make the background mountains", "add high mountains",
                          "change the background to mountains", "i want mountains behind",
                          "mountains should be behind it", "give me mountains at the back"),
            "forest": ("add a forest in the background", "put a forest behind", "add woods",
                       "make the background a forest", "change the background to a forest",
                       "i want a forest behind", "a forest should be behind it",
                       "give me a forest at the back"),
        },
    },
    style_names={
        "photo": ("a photo", "a photograph", "a realistic photo", "a photorealistic picture"),
        "pastel": ("a pastel drawing", "a pastel", "a ghibli pastel", "a watercolour",
                   "an anime picture", "a ghibli film", "a watercolor painting",
                   "a studio ghibli picture", "a soft pastel painting"),
        "mosaic": ("a mosaic", "a glass mosaic", "a tile mosaic", "a byzantine mosaic",
                   "a smalti mosaic"),
        "ink": ("an ink drawing", "an ink painting", "a sumi-e painting", "an ink wash painting",
                "a japanese ink drawing", "a brush drawing"),
        "poster": ("a poster", "a flat illustration", "a travel poster", "a screen print",
                   "a vintage poster", "a minimalist poster", "a flat vector illustration"),
    },
    style=("as {s}", "in the style of {s}", "make it {s}", "turn it into {s}", "like {s}",
           "turn this into {s}", "make this look like {s}", "redraw it as {s}", "{s}",
           "change the style to {s}", "render this as {s}", "convert to {s}", "draw it as {s}",
           "i want {s}", "let it be {s}", "as if it were {s}", "give me {s}", "could this be {s}",
           "i would like {s} of this", "the same as {s}", "it should be {s}", "i prefer {s}"),
    recolour={
        "house": ("paint the house {c}", "make the house {c}", "change the house to {c}",
                  "a {c} house instead", "turn the house {c}", "colour the walls {c}",
                  "change the colour of the house to {c}", "color the house {c}",
                  "the house should be {c}", "i want the house {c}", "house in {c}",
                  "the house, but {c}", "a house that is {c} instead",
               "i want a {c} house", "give the house {c} walls",
               "it should have a {c} house"),
        "roof": ("give the house a {c} roof", "make the roof {c}", "paint the roof {c}",
                 "change the roof to {c}", "a {c} roof instead", "turn the roof {c}",
                 "change the colour of the roof to {c}", "color the roof {c}",
                 "the roof should be {c}", "i want the roof {c}", "a house whose roof is {c}",
              "i want a {c} roof", "the house should have a {c} roof",
              "let the roof turn {c}"),
        "figure": ("make the coat {c}", "change the coat to {c}", "paint the coat {c}",
                   "give the person a {c} coat", "dress the person in {c}",
                   "change the colour of the coat to {c}", "put the person in a {c} jacket",
                   "the coat should be {c}", "the person should wear {c}", "a coat that is {c}",
                "i want a {c} coat", "the person should have a {c} coat",
                "let the person wear {c}"),
    },
    add=("add {x}", "put {x} there", "place {x} in the picture", "put in {x}", "draw {x} as well",
         "insert {x}", "i want {x} here", "also draw {x}", "add {x} to the scene", "put up {x}",
         "paint {x} into it", "with {x} too",
         "there should be {x}", "it needs {x}", "show {x} too", "could there be {x}",
         "i would like to see {x}", "{x} is missing", "bring in {x}", "now with {x}",
         "it should have {x}", "let me see {x} in it", "show {x} in the picture", "give it {x}",
         "the picture needs {x} in it"),
    add_sky={
        "sun": ("add a sun", "add the sun", "put the sun in the sky", "let the sun shine",
                "draw a sun in the sky", "make the sun visible",
                "there should be a sun", "the sun should be up", "a sun in the sky",
                "i want the sun in the sky", "give it a sun", "show the sun"),
        "moon": ("add a moon", "add the moon", "put the moon in the sky", "let the moon shine",
                 "add a full moon", "draw a moon in the sky",
                 "there should be a moon", "the moon should be up", "a moon in the sky",
                 "i want the moon in the sky", "give it a moon", "show the moon"),
    },
    another_tree=("add another {o}", "put one more {o} there", "plant another {o}",
                  "add one more {o}", "draw an additional {o}",
                  "there should be one more {o}", "it needs another {o}", "i want one more {o}",
                  "give it another {o}", "let me see one more {o} in it", "now with another {o}"),
    remove=("remove {t}", "take away {t}", "delete {t}", "get rid of {t}", "erase {t}",
            "take {t} out", "make {t} disappear", "without {t}", "take out {t}",
            "{t} should go", "{t} has to go", "i do not want {t}", "no more of {t}",
            "{t} removed please", "the picture without {t}", "{t} must be gone",
            "i want {t} gone", "drop {t}", "hide {t}", "make it without {t}",
            "i want {t} removed", "{t} should be gone"),
    turn=("turn {t} into {o}", "replace {t} with {o}", "change {t} to {o}", "make {t} {o}",
          "swap {t} for {o}", "put {o} instead of {t}", "change {t} into {o}",
          "{o}, not {t}", "instead of {t}, {o}", "{t} should be {o}", "{o} where {t} is now",
          "i want {o} instead of {t}", "exchange {t} for {o}",
          "i want {t} to be {o}", "let {t} turn into {o}", "show {o}, not {t}"),
    reword=("change the sign to {w}", "make the sign say {w}", "write {w} on the sign",
            "the sign should say {w}", "replace the text on the sign with {w}",
            "put the word {w} on the sign", "change the word on the sign to {w}",
            "let the sign read {w}", "rename the sign to {w}", "i want {w} on the sign",
            "the sign should have the word {w}", "let the sign be {w}", "show {w} on the sign",
            "let the sign say {w}"),
    reword_bare=("make the sign say {w}", "the sign should say {w}", "let the sign read {w}"),
)  # fmt: skip

HELD_OUT_EDITS = EditPhrases(
    frames=("{x}", "would you {x}", "{x} for me", "{x} if you can", "next, {x}"),
    change={
        "time": {
            "dawn": ("have it take place at dawn", "show it in the early morning"),
            "day": ("have it take place by day", "show it at noon"),
            "sunset": ("have it take place at sunset", "show it in the evening"),
            "night": ("have it take place at night", "show it in the dark of night"),
        },
        "weather": {
            "clear": ("show it with a clear sky", "have the weather be clear"),
            "cloudy": ("show it with a cloudy sky", "have the weather be cloudy"),
            "rain": ("show it with rain falling", "have the weather be rainy"),
            "snow": ("show it with snow falling", "have snowflakes fall"),
        },
        "ground": {
            "grass": ("have grass on the ground", "show it on a meadow of grass"),
            "sand": ("have sand on the ground", "show it in a sandy desert"),
            "snow": ("have snow on the ground", "show it on snow-covered ground"),
            "wheat": ("have wheat on the ground", "show it in a golden wheat field"),
        },
        "background": {
            "plain": ("have a flat plain at the horizon",),
            "hills": ("have hills at the horizon", "show hills behind it"),
            "mountains": ("have mountains at the horizon", "show mountains behind it"),
            "forest": ("have a forest at the horizon", "show a forest behind it"),
        },
    },
    style_names={
        "photo": ("a photo", "a realistic photograph"),
        "pastel": ("a pastel drawing", "a ghibli watercolour"),
        "mosaic": ("a mosaic", "a glass mosaic"),
        "ink": ("an ink drawing", "a sumi-e ink painting"),
        "poster": ("a poster", "a flat poster illustration"),
    },
    style=("show it as {s}", "have it look like {s}", "i would rather see {s}", "{s} of the same"),
    recolour={
        "house": ("have the house be {c}", "let the house be {c}"),
        "roof": ("have the roof be {c}", "let the house have a {c} roof"),
        "figure": ("have the person wear a {c} coat", "let the coat be {c}"),
    },
    add=("have {x} in it", "show it with {x}", "let there be {x}"),
    add_sky={
        "sun": ("have the sun in the sky", "let there be a sun"),
        "moon": ("have the moon in the sky", "let there be a moon"),
    },
    another_tree=("have one more {o} in it", "let there be another {o}"),
    remove=("have {t} removed", "show it without {t}", "let {t} be gone"),
    turn=("have {o} instead of {t}", "let {t} become {o}", "show {o} in place of {t}"),
    reword=("have the sign say {w}", "let {w} be on the sign", "show the sign with the word {w}"),
    reword_bare=("have the sign say {w}",),
)  # fmt: skip

THERE: dict[str, Options] = {
    "house": ("the house", "the house", "the building", "the cottage"),
    "trees": ("the trees", "all trees", "the trees", "all the trees"),
    "tree": ("the tree", "the tree", "that tree"),
    "figure": ("the person", "the person", "the human", "the figure", "the woman", "the man"),
    "sign": ("the sign", "the sign", "the signpost", "the board"),
    "sailboat": ("the sailboat", "the boat", "the sailing boat"),
    "steamboat": ("the steamboat", "the boat", "the steamship"),
    "cat": ("the cat", "the cat", "the animal", "the kitten"),
    "sheep": ("the sheep", "the sheep", "the animal", "the lamb"),
    "fox": ("the fox", "the fox", "the animal"),
    "sun": ("the sun", "the sun", "the sun in the sky"),
    "moon": ("the moon", "the moon", "the moon in the sky"),
}
"""How to point at what is there."""

TREE_NAMES: dict[str, tuple[Options, Options]] = {
    "round": (("round tree", "leafy tree", "green tree", "oak"),
              ("round trees", "leafy trees", "green trees", "oaks")),
    "pine": (("pine tree", "pine", "fir tree", "spruce"),
             ("pine trees", "pines", "fir trees", "spruces")),
    "blossom": (("cherry tree", "blossom tree", "sakura tree", "blossoming cherry tree"),
                ("cherry trees", "blossom trees", "sakura trees", "trees in blossom")),
}  # fmt: skip
"""One tree, and many."""
