namespace Verathos.GpuRuntime.Training.Corpus;

/// <summary>
/// The ways to ask, by kind of fact. Slots in braces are filled by <see cref="ClosedWorld"/>. The wordings listed in
/// <c>Unseen…</c> are never trained for any fact and only measured.
/// </summary>
internal static class Wordings
{
    public static readonly string[] Sums =
    [
        "What is {a} plus {b}?", "What is {a} + {b}?", "{a} + {b} = ?", "What's {a}+{b}?", "{a} plus {b} is what?",
        "Add {a} and {b}.", "What do {a} and {b} make?", "What is the sum of {a} and {b}?", "How much is {a} plus {b}?",
        "How much is {a} + {b}?", "Calculate {a} + {b}.", "Work out {a} plus {b}.", "What does {a} + {b} equal?",
        "What is {A} plus {B}?", "How much is {A} and {B}?", "{a} and {b} together make how many?",
        "Can you add {a} and {b}?", "What number do I get from {a} plus {b}?", "{a}+{b}", "{a} + {b}", "Sum {a}, {b}.",
        "{a} and {b} is how much?", "{a} plus {b} equals?", "Please add {a} and {b} for me.", "{A} plus {B}?", "{a}, then {b} more: how many is that?",
        "Give me the sum of {a} and {b}.", "What is the result of {a} + {b}?", "What is the total of {a} and {b}?",
        "If I add {a} and {b}, what do I get?", "Tell me what {a} plus {b} is.", "What is {a} and {b} together?",
        "Compute {a}+{b}.", "What's {a} plus {b}?", "what is {a}+{b}",
        "I have {a} apples and I get {b} more. How many apples do I have?",
        "There are {a} birds on a roof. Then {b} more come. How many birds are there now?",
        "Mia has {a} books. She buys {b} more. How many books does Mia have now?",
        "Ben had {a} balls and found {b} more. How many balls does he have in all?",
        "A shop has {a} red hats and {b} blue hats. How many hats is that?",
        "Anna eats {a} plums and then {b} plums. How many plums does she eat?",
        "{a} cats and {b} dogs are in the garden. How many animals are there?",
        "Leo picks {a} flowers and Rosa picks {b} flowers. How many flowers do they have together?",
        "In a box are {a} eggs. We put in {b} more. How many eggs are in the box?",
        "Sam read {a} pages today and {b} pages before. How many pages did he read?",
    ];

    public static readonly string[] UnseenSums =
    [
        "Find the total of {a} and {b}.", "Tom has {a} pens and gets {b} more. How many pens does Tom have now?",
        "How much do {a} and {b} make together?",
    ];

    public static readonly string[] Capitals =
    [
        "What is the capital of {c}?", "What's the capital of {c}?", "Which city is the capital of {c}?",
        "Name the capital of {c}.", "Tell me the capital of {c}.", "What is the capital city of {c}?",
        "Which city is {c}'s capital?", "What is {c}'s capital city?", "Do you know the capital of {c}?",
        "I forgot the capital of {c}. What is it?", "The capital of {c} is which city?",
        "What city is the capital of {c}?", "Can you tell me the capital of {c}?", "In {c}, which city is the capital?",
        "{C}: what is the capital?", "What do we call the capital of {c}?",
    ];

    public static readonly string[] UnseenCapitals =
    [
        "Please say which city is the capital city of {c}.", "I want to know {c}'s capital.",
    ];

    public static readonly string[] Countries =
    [
        "Which country has the capital {p}?", "{p} is the capital of which country?",
        "Of which country is {p} the capital?", "What country is {p} the capital of?",
        "Which country's capital is {p}?", "Name the country whose capital is {p}.",
        "Tell me the country with the capital {p}.", "The city {p} is the capital of what country?",
    ];

    public static readonly string[] Opposites =
    [
        "What is the opposite of {w}?", "What's the opposite of {w}?", "Tell me the opposite of {w}.",
        "Name the opposite of {w}.", "Which word is the opposite of {w}?", "What word means the opposite of {w}?",
        "Give me the opposite of {w}.", "What is {w}'s opposite?", "{W}: what is the opposite?",
        "If something is not {w}, it is the opposite. What is that?", "The opposite of {w} is what?",
        "Do you know the opposite of {w}?", "Can you tell me the opposite of {w}?", "Which word is opposite to {w}?",
        "What is the opposite word to {w}?", "I need the opposite of {w}. What is it?",
    ];

    public static readonly string[] UnseenOpposites =
    [
        "Say a word that is the opposite of {w}.", "What would be the opposite of {w}?",
    ];

    public static readonly string[] Colours =
    [
        "What colour is {t}?", "What color is {t}?", "Which colour is {t}?", "Which colour does {t} have?",
        "What is the colour of {t}?", "What is the color of {t}?", "Tell me the colour of {t}.",
        "Name the colour of {t}.", "Do you know the colour of {t}?", "{T} is what colour?",
        "{T} has which colour?", "Can you tell me what colour {t} is?", "Tell me what color {t} is.",
        "I want to paint {t}. Which colour do I need?", "{T}: what colour is that?",
        "If you look at {t}, what colour do you see?",
    ];

    public static readonly string[] UnseenColours =
    [
        "Say what colour {t} is.", "What colour would you give {t}?",
    ];

    public static readonly string[] After =
    [
        "What number comes after {n}?", "Which number comes after {n}?", "What comes after {n}?",
        "What is the number after {n}?", "What is the next number after {n}?", "Name the number after {n}.",
        "Tell me the number after {n}.", "Which number follows {n}?", "When I count, what comes after {n}?",
        "Count one up from {n}.", "What is one more than {n}?", "What number comes after {N}?",
    ];

    public static readonly string[] Before =
    [
        "What number comes before {n}?", "Which number comes before {n}?", "What comes before {n}?",
        "What is the number before {n}?", "Name the number before {n}.", "Tell me the number before {n}.",
        "When I count, what comes before {n}?", "Count one down from {n}.", "What is one less than {n}?",
        "Which number comes just before {n}?", "What number is right before {n}?", "What number comes before {N}?",
    ];

    public static readonly string[] Up =
    [
        "Count from {m} to {n}.", "Count up from {m} to {n}.", "Please count from {m} up to {n}.",
        "Can you count from {m} to {n}?", "Name the numbers from {m} to {n}.", "List the numbers from {m} to {n}.",
        "Say all numbers from {m} to {n}.", "Start at {m} and count to {n}.", "Which numbers go from {m} to {n}?",
        "Write the numbers {m} to {n}.",
    ];

    public static readonly string[] Down =
    [
        "Count down from {n}.", "Count backwards from {n}.", "Count down from {n} to 1.", "Please count down from {n}.",
        "Can you count down from {n}?", "Start at {n} and count down to 1.", "List the numbers from {n} down to 1.",
        "Say the numbers backwards from {n}.",
    ];

    public static readonly string[] Things =
    [
        "How many things are here: {l}?", "Count the things: {l}.", "How many words are in this list: {l}?",
        "{l}. How many things is that?", "Here are some things: {l}. How many are there?", "How many things do I name: {l}?",
        "Please count: {l}.", "What is the number of things in this list: {l}?",
    ];
}
