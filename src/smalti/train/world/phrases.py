"""The words with which training captions describe a scene. What is common stands first.

`{x}` is what a frame surrounds, `{c}` a colour, `{r}` a roof's colour, `{w}` a sign's word. Each
table goes field -> value -> phrases. `held_out.py` holds the same tables in words of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

Options = tuple[str, ...]
Table = dict[str, dict[str, Options]]


@dataclass(frozen=True)
class Phrases:
    """All that a grammar needs to say any scene."""

    frames: Options
    """Around a whole caption."""
    style_leads: dict[str, Options]
    style_tails: dict[str, Options]
    settings: Table
    """Said after the things: "a fox | by the sea | at night"."""
    tags: Table
    """Said between commas: "fox, sea, night"."""
    joint: dict[tuple[tuple[str, str], ...], Options]
    """One phrase that says several settings."""
    colours: dict[str, Options]
    house: Options
    house_only: Options
    trees: dict[str, dict[int, Options]]
    """Kind (or "any") -> number of trees -> phrases."""
    boat: dict[str, Options]
    animal: dict[str, Options]
    figure: Options
    sign: Options
    sign_bare: Options
    """The word without quotes, last."""
    sides: dict[str, Options]
    absent: dict[str, Options]
    nothing: Options
    """What stands for the things where there are none."""


def _trees(one: Options, many: Options, counts: dict[int, Options]) -> dict[int, Options]:
    articles = ("a", "a", "one", "a single", "a lone", "a tall", "1")
    numbered = tuple(f"{a} {tree}" for tree in one for a in articles)
    return {1: numbered} | {
        n: tuple(f"{count} {trees}".strip() for trees in many for count in options)
        + tuple(f"{trees}, {count}" for trees in many for count in options[:2])
        for n, options in counts.items()
    }


COUNTS: dict[int, Options] = {
    2: ("two", "2", "a pair of", "two tall", "a few", "some", ""),
    3: ("three", "3", "a few", "several", "a group of", "some", ""),
}

TRAINING = Phrases(
    frames=(
        "{x}", "{x}", "{x}", "{x}", "{x}", "{x}", "please draw {x}", "draw {x}", "paint {x}",
        "make {x}", "create an image of {x}", "I want {x}", "a picture of {x}", "{x} please",
        "generate {x}", "i would like {x}", "an image of {x}", "can you make {x}",
        "picture: {x}", "{x}, thank you", "give me {x}", "we need {x} for our website",
    ),
    style_leads={
        "photo": ("a photo of {x}", "a photograph of {x}", "photo of {x}", "realistic photo of {x}",
                  "a photorealistic picture of {x}", "photo: {x}", "photograph, {x}",
                  "a realistic photograph of {x}", "a camera shot of {x}", "a snapshot of {x}"),
        "pastel": ("a pastel drawing of {x}", "a pastel of {x}", "ghibli style {x}", "pastel, {x}",
                   "a watercolour of {x}", "an anime style picture of {x}", "pastel style: {x}",
                   "a soft pastel painting of {x}", "a watercolor painting of {x}",
                   "anime background of {x}", "a studio ghibli style picture of {x}"),
        "mosaic": ("a mosaic of {x}", "mosaic of {x}", "a glass mosaic of {x}", "mosaic: {x}",
                   "a tile mosaic of {x}", "a byzantine mosaic showing {x}", "mosaic, {x}",
                   "a smalti mosaic of {x}", "a colourful mosaic with {x}", "mosaic style {x}"),
        "ink": ("an ink drawing of {x}", "ink drawing of {x}", "a sumi-e painting of {x}",
                "an ink wash painting of {x}", "ink style. {x}", "brush and ink, {x}",
                "a japanese ink painting of {x}", "a black ink drawing of {x}", "sumi-e {x}",
                "a brush drawing of {x}"),
        "poster": ("a poster of {x}", "a flat illustration of {x}", "a travel poster with {x}",
                   "poster of {x}", "a flat vector illustration of {x}", "poster: {x}",
                   "a minimalist poster of {x}", "a vintage poster showing {x}",
                   "flat design, {x}", "a screen print of {x}"),
    },
    style_tails={
        "photo": ("photo", "as a photo", "photorealistic", "photograph", "realistic photo",
                  "in photo style", "photo style", "realistic", "photography", "style: photo",
                  "everything as a photo", "done as a photograph", "its style is photographic",
                  "the whole picture as a realistic photo", "all in photo style"),
        "pastel": ("pastel", "pastel style", "in pastel", "as a pastel drawing", "ghibli style",
                   "in the style of ghibli", "anime style", "watercolour", "in watercolor",
                   "soft pastel colours", "studio ghibli", "anime", "like a ghibli film",
                   "style: pastel",
                   "everything in pastel", "done in soft pastel colours", "its style is ghibli",
                   "the whole picture as a pastel", "all in anime style", "style: ghibli",
                   "the style of ghibli anime films"),
        "mosaic": ("mosaic", "as a mosaic", "mosaic style", "in mosaic style", "glass mosaic",
                   "made of mosaic tiles", "byzantine mosaic", "in glass tiles", "tile mosaic",
                   "style: mosaic",
                   "everything as a mosaic of glass", "done as a mosaic",
                   "its style is that of a mosaic",
                   "the whole picture as a mosaic", "all in mosaic tiles", "laid in glass tiles"),
        "ink": ("ink", "in ink", "ink style", "ink drawing", "as an ink drawing", "sumi-e",
                "in sumi-e style", "ink wash", "brush and ink", "japanese ink painting",
                "drawn with a brush", "style: ink", "everything in ink", "done in black ink",
                "its style is ink", "the whole picture in ink", "all in brush and ink"),
        "poster": ("poster", "poster style", "as a poster", "flat illustration", "flat design",
                   "travel poster", "in poster style", "vector art", "flat colours",
                   "screen print", "vector illustration", "minimalist poster", "style: poster",
                   "everything as a poster", "done as a flat poster",
                   "its style is that of a poster",
                   "the whole picture as a flat illustration", "all in poster style"),
    },
    settings={
        "time": {
            "dawn": ("at dawn", "in the morning", "at sunrise", "early in the morning",
                     "in the early morning light", "at daybreak", "in morning light",
                     "in the light of the early morning", "around daybreak", "just before sunrise",
                     "when the day begins", "in the first light", "very early at dawn"),
            "day": ("by day", "during the day", "in daylight", "at noon", "in the daytime",
                    "in the afternoon", "at midday", "in full daylight",
                    "around midday", "in the light of noon", "in the middle of the afternoon",
                    "in bright daylight", "in the midday light", "with the light of a bright day",
                    "halfway through the day", "in the full light of a day", "by the light of day",
                    "in the midst of a day", "while it is day", "in the middle of a long day"),
            "sunset": ("at sunset", "in the evening", "at dusk", "in the evening light",
                       "during sunset", "at golden hour", "in the glow of the sunset",
                       "at twilight", "around dusk", "in the last light of the evening",
                       "in the light of the setting sun", "at the end of the day",
                       "when the day ends", "in the late evening light"),
            "night": ("at night", "by night", "at midnight", "late at night", "in the night",
                      "on a dark night", "during the night", "in the dark",
                      "around the middle of the night",
                      "deep in the dark", "in the light of the night",
                      "halfway through the night", "in the midst of a night", "while it is night",
                      "by the light of the night", "in the middle of a long night"),
        },
        "weather": {
            "clear": ("under a clear sky", "with a clear sky", "in clear weather",
                      "under a cloudless sky", "in fine weather", "with no clouds"),
            "cloudy": ("under a cloudy sky", "with clouds in the sky", "in cloudy weather",
                       "under grey clouds", "with many clouds", "under an overcast sky"),
            "rain": ("in the rain", "with rain falling", "in rainy weather", "while it rains",
                     "in pouring rain", "in a downpour", "in heavy rain"),
            "snow": ("while it snows", "with snow falling", "in falling snow", "as snow falls",
                     "in a snowfall", "with snowflakes in the air", "in a snowstorm",
                     "with falling snowflakes"),
        },
        "ground": {
            "grass": ("on the grass", "in the grass", "on green grass", "in a meadow",
                      "on a green field", "in a green meadow", "on a lawn", "on grassland"),
            "sand": ("on the sand", "on sand", "on sandy ground", "in the desert", "on dunes",
                     "on yellow sand", "on a sandy shore", "in a sandy place"),
            "snow": ("on snowy ground", "on snow-covered ground", "in a snowy field",
                     "on white snow", "in deep snow", "on a snowfield", "with snow on the ground"),
            "wheat": ("in a wheat field", "on a golden field", "in the wheat", "in a golden field",
                      "in a field of wheat", "in a cornfield", "in a field of ripe grain"),
        },
        "background": {
            "plain": ("on a plain", "on flat land", "in flat country", "on a wide plain",
                      "in the open country", "with an empty horizon"),
            "hills": ("in the hills", "with hills in the background", "with hills behind",
                      "in front of rolling hills", "below the hills", "in hilly country",
                      "by the hills"),
            "mountains": ("in the mountains", "with mountains in the background",
                          "with mountains behind", "in front of mountains",
                          "at the foot of the mountains", "below high mountains"),
            "forest": ("by the forest", "with a forest in the background", "near the woods",
                       "at the edge of a forest", "in front of a forest", "by the woods",
                       "with a forest behind"),
            "sea": ("by the sea", "near the sea", "with the sea in the background",
                    "by the ocean", "at the seaside", "on the coast", "at the sea",
                    "in front of the sea"),
        },
        "sky_body": {
            "sun": ("with the sun in the sky", "under the sun", "with a sun", "under a bright sun",
                    "with the sun shining", "with the sun above"),
            "moon": ("under the moon", "with the moon in the sky", "under a full moon",
                     "with a moon", "in the moonlight", "with the moon above"),
        },
    },
    tags={
        "time": {
            "dawn": ("dawn", "morning", "sunrise", "early morning", "morning light", "daybreak",
                     "time: dawn", "hour of the day: dawn", "time: sunrise", "when: morning",
                     "light: dawn"),
            "day": ("day", "daytime", "daylight", "noon", "afternoon", "midday", "time: day",
                    "hour of the day: noon", "time: midday", "when: noon", "light: day"),
            "sunset": ("sunset", "evening", "dusk", "golden hour", "evening light", "twilight",
                       "time: sunset", "hour of the day: sunset", "hour of the day: dusk",
                       "time: evening", "when: sunset", "light: sunset"),
            "night": ("night", "midnight", "at night", "nighttime", "dark night", "time: night",
                      "hour of the day: night", "time: midnight", "when: night", "light: night"),
        },
        "weather": {
            "clear": ("sky: clear", "clear sky", "clear", "cloudless sky", "no clouds",
                      "fine weather"),
            "cloudy": ("sky: cloudy", "cloudy", "clouds", "cloudy sky", "overcast", "grey clouds"),
            "rain": ("sky: rain", "rain", "rainy", "raining", "rain falling", "rainy weather",
                     "it rains"),
            "snow": ("sky: snow falling", "snow falling", "snowing", "snowfall", "falling snow",
                     "it snows",
                     "snowflakes", "snowstorm"),
        },
        "ground": {
            "grass": ("grass", "green grass", "meadow", "green field", "grassland", "lawn"),
            "sand": ("sand", "sandy ground", "desert", "dunes", "yellow sand"),
            "snow": ("snowy ground", "snow on the ground", "snow-covered ground", "deep snow",
                     "white ground", "snowy field"),
            "wheat": ("wheat field", "wheat", "golden field", "cornfield", "field of wheat"),
        },
        "background": {
            "plain": ("plain", "flat land", "wide plain", "open country", "empty horizon"),
            "hills": ("hills", "rolling hills", "hills behind", "hilly country"),
            "mountains": ("mountains", "mountains behind", "high mountains", "mountain landscape"),
            "forest": ("forest", "forest behind", "woods", "edge of a forest"),
            "sea": ("sea", "by the sea", "ocean", "seaside", "coast"),
        },
        "sky_body": {
            "sun": ("sun", "the sun", "sun in the sky", "bright sun"),
            "moon": ("moon", "the moon", "full moon", "moonlight"),
        },
    },
    joint={
        (("ground", "sand"), ("background", "sea")): (
            "on the beach", "on a sandy beach", "at the beach", "on a beach by the sea"),
        (("ground", "snow"), ("weather", "snow")): (
            "in a snowy winter landscape with snow falling", "in deep winter, snowing"),
        (("time", "night"), ("sky_body", "moon")): (
            "on a moonlit night", "at night under the moon", "on a night with a full moon"),
        (("time", "day"), ("sky_body", "sun")): (
            "on a sunny day", "in the midday sun", "on a bright sunny day"),
        (("time", "dawn"), ("sky_body", "sun")): ("in the morning sun", "as the sun rises"),
        (("time", "sunset"), ("sky_body", "sun")): ("in the evening sun", "as the sun sets",
                                                    "under the setting sun"),
        (("time", "night"), ("weather", "clear")): ("on a clear night", "on a starry night"),
        (("time", "night"), ("weather", "rain")): ("on a rainy night", "in the night rain"),
        (("time", "night"), ("weather", "snow")): ("on a snowy night", "at night as it snows"),
        (("time", "day"), ("weather", "clear")): ("on a clear day", "under a blue sky"),
        (("time", "day"), ("weather", "cloudy")): ("on a cloudy day", "on a grey day"),
        (("time", "day"), ("weather", "rain")): ("on a rainy day", "on a wet day"),
        (("time", "dawn"), ("weather", "rain")): ("on a rainy morning",),
        (("time", "dawn"), ("weather", "snow")): ("on a snowy morning",),
        (("time", "sunset"), ("weather", "rain")): ("on a rainy evening",),
        (("time", "sunset"), ("weather", "snow")): ("on a snowy evening",),
    },
    colours={
        "red": ("red", "red", "bright red", "crimson", "dark red", "scarlet"),
        "blue": ("blue", "blue", "light blue", "dark blue", "navy blue"),
        "yellow": ("yellow", "yellow", "bright yellow", "golden yellow", "lemon yellow"),
        "white": ("white", "white", "whitewashed", "snow white"),
        "brown": ("brown", "brown", "dark brown", "chestnut brown"),
        "grey": ("grey", "gray", "slate grey", "dark grey"),
        "green": ("green", "green", "dark green", "mossy green"),
    },
    house=(
        "a {c} house with a {r} roof", "a {c} house with {r} roof", "{c} house, {r} roof",
        "a small {c} house with a {r} roof", "a {c} cottage with a {r} roof",
        "a {r}-roofed {c} house", "a {c} cabin under a {r} roof", "a {c} house and a {r} roof",
        "a little {c} house which has a {r} roof", "the {c} house with the {r} roof",
        "a house painted {c} with a {r} roof", "a cottage painted {c}, the roof {r}",
        "a house with walls of {c} and a roof of {r}", "house: {c}, roof: {r}",
        "the walls of the house are {c}, the roof is {r}", "a cabin, {c}, with a roof in {r}",
        "a house whose walls are {c} and whose roof is {r}", "house ({c}, roof {r})",
        "a building that was painted {c} with a roof that is {r}", "a cottage, {c}, roof {r}",
        "{c} walls and a {r} roof on a little house", "a house all in {c} and its {r} roof",
        "a cottage that is all {c}, roofed in {r}", "a home in shades of {c}, {r} roof on top",
    ),
    house_only=(
        "a {c} house", "a small {c} house", "a {c} cottage", "{c} house", "a little {c} house",
        "a {c} cabin", "one {c} house", "a house with {c} walls", "a {c} home", "a {c} building",
        "a cottage painted {c}", "a house whose walls are {c}", "a cabin, all {c}",
        "house: {c}", "the house is {c}", "a home that someone painted {c}", "a {c}-painted house",
        "a house of {c} bricks", "a cottage in {c}", "a cabin that is {c}", "a house, {c}",
        "a house all in {c}",
    ),
    trees={
        "round": _trees(("round tree", "leafy tree", "green tree", "oak tree", "broadleaf tree",
                         "tree with a round crown", "tree that is round", "tree, leafy and green"),
                        ("round trees", "leafy trees", "green trees", "oaks", "oak trees",
                         "trees with round crowns", "trees, all round", "trees that are leafy"),
                        COUNTS),
        "pine": _trees(("pine tree", "pine", "fir tree", "fir", "spruce", "conifer",
                        "tree that is a pine"),
                       ("pine trees", "pines", "fir trees", "firs", "spruces", "conifers",
                        "trees, all pines", "trees that are firs"),
                       COUNTS),
        "blossom": _trees(
            ("cherry tree in blossom", "blossom tree", "cherry blossom tree", "sakura tree",
             "blossoming tree", "pink blossoming tree", "flowering cherry tree"),
            ("cherry trees in blossom", "blossom trees", "cherry blossom trees", "sakura trees",
             "blossoming trees", "pink trees in bloom", "flowering cherry trees"),
            COUNTS),
        "any": _trees(("tree",), ("trees",), COUNTS),
    },
    boat={
        "sailboat": ("a sailboat", "a sailing boat", "a boat with a sail", "a small sailboat",
                     "a white sailboat", "a yacht", "one sailboat", "a sail boat"),
        "steamboat": ("a steamboat", "a steamship", "a steamer", "a steam boat", "a steam ship",
                      "a boat with a smoking funnel", "an old steamboat", "one steamboat"),
    },
    animal={
        "cat": ("a cat", "a cat", "a small cat", "a kitten", "a sitting cat", "one cat", "a kitty",
                "the cat"),
        "sheep": ("a sheep", "a sheep", "one sheep", "a woolly sheep", "a white sheep", "a lamb",
                  "sheep", "a grazing sheep"),
        "fox": ("a fox", "a fox", "a red fox", "an orange fox", "a little fox", "one fox",
                "the fox", "a wild fox"),
    },
    figure=(
        "a person in a {c} coat", "a person in {c}", "a woman in a {c} coat", "a man in a {c} coat",
        "someone in a {c} coat", "a girl in a {c} coat", "a person with a {c} coat",
        "a boy with a {c} jacket", "a person wearing a {c} coat", "a traveller in a {c} cloak",
        "a woman in a {c} dress", "a figure in {c}", "a child in a {c} raincoat",
        "a person, {c} coat", "someone with a coat that is {c}", "a man dressed in {c}",
        "a woman whose jacket is {c}", "a child dressed all in {c}", "person: {c} coat",
        "a girl wearing something {c}", "a coat of {c} on a traveller", "someone clad in {c}",
        "a person whose cloak is {c}", "a boy, his raincoat {c}", "a figure with clothes of {c}",
        "a girl wearing {c}", "someone wearing a {c} jacket", "a man whose clothes are {c}",
        "a traveller dressed in a jacket of {c}", "a person in {c} clothes",
        "one person, all in {c}", "a woman dressed in clothes of {c}",
    ),
    sign=(
        "a sign that says {w}", "a sign saying {w}", "a sign with the word {w}", "a {w} sign",
        "a wooden sign reading {w}", "a sign reading {w}", "a sign {w}", "a sign with {w} on it",
        "a board that says {w}", "the word {w} on a sign", "a signpost that reads {w}",
        "a sign with the text {w}", "sign: {w}", "a sign which says {w}",
    ),
    sign_bare=(
        "a sign that says {w}", "a sign saying {w}", "a sign reading {w}", "a sign that reads {w}",
        "a wooden sign saying {w}", "a sign with the word {w}",
    ),
    sides={
        "left": ("on the left", "to the left", "at the left side", "on the left side", "left"),
        "middle": ("in the middle", "in the centre", "in the center", "at the center"),
        "right": ("on the right", "to the right", "at the right side", "on the right side",
                  "right"),
    },
    absent={
        "house": ("without a house", "no house", "no houses", "without buildings"),
        "tree": ("without trees", "no trees", "no tree"),
        "animal": ("without animals", "no animals", "no animal"),
        "figure": ("without people", "no people", "no person", "nobody there", "no humans"),
        "sign": ("without a sign", "no sign", "no text", "without text"),
        "boat": ("without a boat", "no boat", "no boats"),
        "sky_body": ("no sun or moon", "without sun or moon"),
    },
    nothing=("a landscape", "a scene", "a view", "landscape", "an empty landscape", "a place",
             "scenery", "a wide view", "something"),
)  # fmt: skip
