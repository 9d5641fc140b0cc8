namespace Verathos.GpuRuntime.Training.Corpus;

/// <summary>The tables of the closed world.</summary>
internal static class Facts
{
    public static readonly string[] NumberWords =
    [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
        "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
    ];

    public static readonly (string Country, string Capital)[] Capitals =
    [
        ("France", "Paris"), ("Germany", "Berlin"), ("Italy", "Rome"), ("Spain", "Madrid"), ("Portugal", "Lisbon"),
        ("England", "London"), ("Scotland", "Edinburgh"), ("Wales", "Cardiff"), ("Ireland", "Dublin"),
        ("Belgium", "Brussels"), ("the Netherlands", "Amsterdam"), ("Switzerland", "Bern"), ("Austria", "Vienna"),
        ("Poland", "Warsaw"), ("Hungary", "Budapest"), ("Greece", "Athens"), ("Denmark", "Copenhagen"),
        ("Norway", "Oslo"), ("Sweden", "Stockholm"), ("Finland", "Helsinki"), ("Iceland", "Reykjavik"),
        ("Russia", "Moscow"), ("Ukraine", "Kyiv"), ("Romania", "Bucharest"), ("Bulgaria", "Sofia"),
        ("Croatia", "Zagreb"), ("Serbia", "Belgrade"), ("Turkey", "Ankara"), ("Egypt", "Cairo"),
        ("Kenya", "Nairobi"), ("Morocco", "Rabat"), ("Ghana", "Accra"), ("Nigeria", "Abuja"), ("India", "New Delhi"),
        ("China", "Beijing"), ("Japan", "Tokyo"), ("South Korea", "Seoul"), ("Thailand", "Bangkok"),
        ("Vietnam", "Hanoi"), ("Nepal", "Kathmandu"), ("Australia", "Canberra"), ("New Zealand", "Wellington"),
        ("Canada", "Ottawa"), ("the United States", "Washington"), ("Mexico", "Mexico City"), ("Cuba", "Havana"),
        ("Brazil", "Brasilia"), ("Argentina", "Buenos Aires"), ("Chile", "Santiago"), ("Peru", "Lima"),
        ("Colombia", "Bogota"), ("Iran", "Tehran"), ("Iraq", "Baghdad"), ("Jordan", "Amman"),
    ];

    public static readonly (string First, string Second)[] Opposites =
    [
        ("hot", "cold"), ("big", "small"), ("tall", "short"), ("fast", "slow"), ("up", "down"), ("in", "out"),
        ("open", "closed"), ("happy", "sad"), ("light", "dark"), ("wet", "dry"), ("hard", "soft"), ("old", "young"),
        ("full", "empty"), ("high", "low"), ("left", "right"), ("day", "night"), ("good", "bad"), ("rich", "poor"),
        ("strong", "weak"), ("loud", "quiet"), ("near", "far"), ("early", "late"), ("first", "last"),
        ("thick", "thin"), ("clean", "dirty"), ("sweet", "sour"), ("sharp", "blunt"),
        ("brave", "afraid"), ("asleep", "awake"), ("north", "south"), ("east", "west"), ("summer", "winter"),
        ("push", "pull"), ("win", "lose"), ("buy", "sell"), ("start", "stop"), ("give", "take"), ("true", "false"),
        ("safe", "dangerous"), ("wide", "narrow"), ("deep", "shallow"), ("smooth", "rough"), ("above", "below"),
        ("front", "back"), ("love", "hate"), ("friend", "enemy"), ("always", "never"), ("more", "less"),
        ("inside", "outside"), ("begin", "end"), ("question", "answer"), ("yes", "no"), ("top", "bottom"),
    ];

    public static readonly (string Thing, string Colour)[] Colours =
    [
        ("a banana", "yellow"), ("grass", "green"), ("snow", "white"), ("coal", "black"), ("a ripe tomato", "red"),
        ("a carrot", "orange"), ("the clear sky", "blue"), ("milk", "white"), ("chocolate", "brown"),
        ("a lemon", "yellow"), ("a frog", "green"), ("a crow", "black"), ("a flamingo", "pink"),
        ("an elephant", "grey"), ("a strawberry", "red"), ("a pumpkin", "orange"), ("a cucumber", "green"),
        ("an aubergine", "purple"), ("the sea", "blue"), ("a swan", "white"), ("a polar bear", "white"),
        ("a brown bear", "brown"), ("a pea", "green"), ("lavender", "purple"), ("a cherry", "red"),
        ("a fire engine", "red"), ("the sun", "yellow"), ("a leaf in spring", "green"), ("soil", "brown"),
        ("a pig", "pink"), ("ash", "grey"), ("a mouse", "grey"), ("a panther", "black"), ("a lime", "green"),
        ("a sapphire", "blue"), ("a ruby", "red"), ("an emerald", "green"), ("gold", "yellow"), ("rice", "white"),
        ("a plum", "purple"), ("a raven", "black"), ("a canary", "yellow"), ("a lobster", "red"),
        ("a tree trunk", "brown"), ("butter", "yellow"), ("spinach", "green"), ("blood", "red"), ("salt", "white"),
    ];
}
