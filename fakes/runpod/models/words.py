"""What words mean to CLIP: shades of colour, attributes of a picture, and subjects with their looks.

Only the tables are here. Words are folded (no capitals, no accents), and may lose an ending.
"""

from dataclasses import dataclass

SHADE_WORDS = {
    "gray": "808080", "silver": "c0c0c0", "charcoal": "2e2e2e 404040", "cream": "fffff0 fff0a0",
    "ivory": "fffff0", "crimson": "c02020 d01038", "scarlet": "e01818", "maroon": "5a0404 800808",
    "burgundy": "5a0404", "amber": "f0c020 ffa500", "gold": "f0c020", "golden": "f0c020",
    "lemon": "f8f040 e0d020", "mustard": "c8b410 e0d020", "beige": "e8d878 d0b088",
    "tan": "d0b088 b89468", "chocolate": "4a2a10 503010", "copper": "a0522d 986028",
    "peach": "ffb060 ffd8a8", "olive": "808000 708030", "lime": "00ff00 a0ff10",
    "emerald": "008000 2e8b57", "teal": "087878 109090", "turquoise": "40e0e0 20c0c0",
    "aqua": "00ffff 40e0e0", "navy": "000080 101850 102840", "cobalt": "2050d0 0000ff",
    "indigo": "4b0082 3838c0", "violet": "a020f0 9060d8", "lavender": "e0c8ff d0a0f0",
    "lilac": "b890e0 d0a0f0", "magenta": "ff00ff e060d0", "rose": "d87898 f080b0",
    "salmon": "ff8080 e8a0a8",
}  # fmt: skip
"""Colour words that are not names of `colour.SHADES`, by the shades that they mean."""

ATTRIBUTES = {
    "dark": "dark dim gloomy shadow night",
    "bright": "bright light sunny brilliant",
    "plain": "plain flat empty solid uniform blank screen still calm static",
    "detailed": "detailed edge texture noise grain busy pattern speckled fine",
    "colourful": "colourful colorful rainbow multicoloured psychedelic",
    "vivid": "vivid saturated neon glowing",
    "shaded": "shaded gradient smooth soft",
    "shape": "shape square box object rectangle",
    "moving": "moving motion fast action",
}
"""Words for what is measured in a picture besides its colours."""

TONES = {"dark": -1, "deep": -1, "light": 1, "pale": 1, "bright": 1}
"""Words that choose the darker or the lighter shades of the colour that follows."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that people film: the words for it, and how it mostly looks.

    Attributes:
        words: Separated by spaces; one that stands for several subjects counts for each a part.
        looks: Descriptions in colours and attributes.
        within: The wider subject that it belongs to.
    """

    words: str
    looks: tuple[str, ...] = ()
    within: str | None = None


SUBJECTS = {
    "gaming": Subject(
        "videogame game gaming gamer gameplay console controller joystick gamepad stream streamer"
        " livestream twitch esport esports lobby boss level respawn loot quest rpg arcade multiplayer"
        " minecraft fortnite playthrough walkthrough letsplay xbox playstation nintendo avatar hud zombie"
        " dungeon pixel virtual player live mission combo noob",
    ),
    "shooter": Subject(
        "clutch enemy kill headshot shooter sniper ammo grenade frag bullet gun chat round ace testcard",
        looks=(
            "vivid yellow blue",
            "vivid colourful red green yellow blue pink cyan",
        ),
        within="gaming",
    ),
    "speedrun": Subject(
        "speedrun speedrunner record split timer glitch second fractal run",
        looks=(
            "vivid shaded green",
            "vivid shaded green orange",
            "vivid detailed green yellow",
            "vivid shaded colourful detailed green blue",
            "vivid shaded colourful pink green",
        ),
        within="gaming",
    ),
    "talk": Subject(
        "talk interview podcast conversation converse question answer speak speaker speech discussion"
        " discuss debate guest host founder panel story advice monologue dialogue opinion talkshow tell"
        " begin believe think chat say studio listen gossip",
        looks=("plain red",),
    ),
    "cooking": Subject(
        "cook cookery cooking food kitchen recipe pasta spaghetti noodle sauce salt boil garlic oven pan"
        " pot dish meal dinner lunch breakfast chef bake baker bread cake fry grill roast soup salad"
        " taste tasty delicious eat stew restaurant cuisine culinary ingredient pepper cheese tomato"
        " butter flour spice vegetable meat rice fresh pizza stir onion plate knife hungry stove",
        looks=(
            "shaded orange",
            "shaded brown",
        ),
    ),
    "sport": Subject(
        "sport football soccer goal match ball team keeper goalkeeper penalty corner league stadium"
        " athlete athletic basketball tennis hockey rugby cricket baseball run runner race marathon"
        " sprint coach referee player kick throw champion championship tournament crowd fan supporter"
        " cheer pitch field grass win winner final cup game olympic training gym fitness swim tor spiel"
        " fussball futbol gol striker score defender dribble",
        looks=(
            "detailed dark green",
            "detailed green",
        ),
    ),
    "tech": Subject(
        "tech technology product device gadget phone smartphone camera laptop computer box package"
        " packaging unbox unboxing review hardware software app battery price cable lens electronic"
        " electronics robot chip tablet headphone drone charger brand feature specification gear launch"
        " shop wrapped",
        looks=(
            "plain white",
            "plain cobalt",
        ),
    ),
    "news": Subject(
        "news newscast weather forecast rain rainy sun sunny wind windy storm cloud cloudy temperature"
        " degree tomorrow tonight report reporter headline anchor broadcast bulletin map snow"
        " meteorologist climate breaking press presenter politics election thunder thunderstorm live",
        looks=(
            "plain green white shape",
            "plain green",
        ),
    ),
    "learning": Subject(
        "learn learning lesson teacher teach school class classroom student pupil blackboard chalkboard"
        " whiteboard math maths mathe mathematics equation formula number algebra geometry homework exam"
        " examination study university college education educational explain explanation tutorial course"
        " lecture science physics calculus chalk solve exercise aufgabe pruefung prufung rechnen zahl"
        " gleichung ergebnis schule unterricht lehrer problem",
        looks=(
            "plain navy",
            "plain black",
        ),
    ),
    "music": Subject(
        "music musical musician song band concert guitar drum drummer piano stage singer sing melody"
        " album festival orchestra dj dance dancer rhythm choir violin rock jazz pop perform performer"
        " performance gig tune cancion concierto cantar noche directo musica nightclub club party live"
        " encore audience spotlight record",
        looks=(
            "plain purple",
            "plain gold",
        ),
    ),
    "art": Subject(
        "art artist artistic paint painter painting canvas gallery museum abstract draw drawing sketch"
        " sculpture design minimal minimalist minimalism exhibition brush masterpiece creative portrait"
        " illustration aesthetic monochrome nothing silence silent quiet artwork",
        looks=(
            "plain lemon",
            "plain mustard",
        ),
    ),
    "everyday": Subject(
        "everyday life moment daily ordinary vlog day home family casual routine usual normal nothing"
        " silence silent quiet memory",
        looks=(
            "plain lemon",
            "plain mustard",
        ),
    ),
}
"""What the staging catalogue is about; a look is a convention of this world: so its videos are drawn."""

IGNORED = frozenset(
    """
    a about above after again all along also am an and any are around as at aus away be been before being
    below between both but by can clip close could das de dem den der did die do does down during each ein
    eine einem einen einer el en every few five footage for four frame from full get go goes going got had
    has have he her here him his how i if image in inside into is ist it its just la las let like look los
    lot made make man many me men more most much my near nearly not now of off on one only or other our
    out over own people person photo photograph picture place play playing really same she shot show
    showing so some somebody someone something such take ten than that the their them then there these
    they thing this those three through to together too two un una und under up upon us very video view
    visible was we were what when where which while who whole will with without woman women would y you
    your
    """.split()  # noqa: SIM905 - a list of words reads better
)
"""Words that say nothing of what is to be seen."""
