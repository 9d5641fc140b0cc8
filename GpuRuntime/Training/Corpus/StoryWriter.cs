namespace Verathos.GpuRuntime.Training.Corpus;

/// <summary>Writes short plain-English stories and the requests that ask for them. No story holds a number.</summary>
internal static class StoryWriter
{
    private static readonly string[] s_names =
        ["Tom", "Mia", "Sam", "Lily", "Ben", "Anna", "Max", "Ella", "Leo", "Rosa", "Finn", "Nora"];

    private static readonly string[] s_animals =
        ["cat", "dog", "fox", "bear", "rabbit", "mouse", "bird", "frog", "horse", "duck", "owl", "turtle"];

    private static readonly string[] s_moods = ["little", "kind", "brave", "shy", "clever", "curious", "sleepy", "merry"];

    private static readonly string[] s_places =
        ["in a small house", "near a river", "in a green forest", "on a quiet farm", "by the sea", "on a high hill"];

    private static readonly string[] s_things =
        ["ball", "kite", "boat", "book", "hat", "key", "lamp", "drum", "cake", "flower", "shell", "stone"];

    private static readonly string[] s_weather = ["sunny", "rainy", "windy", "cold", "warm", "snowy"];

    private static readonly string[] s_spots =
        ["under a tree", "behind a rock", "in the tall grass", "next to the well", "on a bench", "inside a box"];

    private static readonly string[] s_feelings = ["happy", "proud", "glad", "calm", "very happy"];

    public static (string Request, string Story) WriteRequested(CorpusRandom random)
    {
        string animal = random.Pick(s_animals);
        string thing = random.Pick(s_things);
        string name = random.Pick(s_names);
        string request = random.Next(12) switch
        {
            0 => "Tell me a story.",
            1 => "Tell me a short story.",
            2 => "Please write a short story.",
            3 => $"Tell me a story about {A(animal)}.",
            4 => $"Tell me a short story about {A(animal)}.",
            5 => $"Write a story about {A(animal)} named {name}.",
            6 => $"Can you tell me a story about {A(thing)}?",
            7 => $"Write a short story about {A(animal)} and {A(thing)}.",
            8 => $"I want a story about {name}.",
            9 => $"Tell me about {A(animal)} called {name}.",
            10 => $"A story about {A(animal)}, please.",
            _ => $"Tell me a bedtime story with {A(animal)} and {A(thing)}.",
        };
        return (request, Write(random, name, animal, thing));
    }

    public static string Write(CorpusRandom random) =>
        Write(random, random.Pick(s_names), random.Pick(s_animals), random.Pick(s_things));

    private static string Write(CorpusRandom random, string name, string animal, string thing)
    {
        string mood = random.Pick(s_moods);
        string friend = random.Pick(s_animals);
        while (friend == animal)
        {
            friend = random.Pick(s_animals);
        }

        string spot = random.Pick(s_spots);
        string opening = random.Next(3) switch
        {
            0 => $"Once upon a time there was {A(mood)} {animal} named {name}. {name} lived {random.Pick(s_places)}.",
            1 => $"Once upon a time, {A(mood)} {animal} named {name} lived {random.Pick(s_places)}.",
            _ => $"{name} was {A(mood)} {animal} who lived {random.Pick(s_places)}.",
        };
        string wish = random.Next(4) switch
        {
            0 => $"{name} loved to play with {A(thing)}.",
            1 => $"Every day {name} looked for {A(thing)}.",
            2 => $"{name} had {A(thing)} and took it everywhere.",
            _ => $"More than anything, {name} wanted {A(thing)}.",
        };
        string day = $"One {random.Pick(s_weather)} day";
        string trouble = random.Next(5) switch
        {
            0 => $"{day} the {thing} was gone. {name} looked {random.Pick(s_spots)}, but it was not there.",
            1 => $"{day} {name} went for a walk and got lost. It was getting dark.",
            2 => $"{day} {name} found {A(thing)} {spot}. It was broken.",
            3 => $"{day} {name} heard a sad sound {spot}. A small {friend} was crying.",
            _ => $"{day} the wind took the {thing} high up into a tree. {name} could not reach it.",
        };
        string help = random.Next(5) switch
        {
            0 => $"Then {A(friend)} came by. \"I can help you,\" said the {friend}.",
            1 => $"\"Do not worry,\" said {A(friend)}. \"We can do it together.\"",
            2 => $"{name} asked {A(friend)} for help. The {friend} said yes.",
            3 => $"{A(friend, upper: true)} saw it and ran over. \"Let us try again,\" said the {friend}.",
            _ => $"{name} sat down and thought. Soon {A(friend)} sat down too, and they made a plan.",
        };
        string turn = random.Next(4) switch
        {
            0 => $"They worked side by side, and at last all was well.",
            1 => $"They looked {random.Pick(s_spots)}, and there was the {thing}.",
            2 => $"It took a long time, but they did not give up.",
            _ => $"Step by step they made it right again.",
        };
        string end = random.Next(5) switch
        {
            0 => $"{name} was {random.Pick(s_feelings)}. From that day on, {name} and the {friend} were friends.",
            1 => $"\"Thank you,\" said {name}. The {friend} smiled, and they went home.",
            2 => $"{name} gave the {friend} a big hug. They were both {random.Pick(s_feelings)}.",
            3 => $"That night {name} slept well and dreamed of the {thing}.",
            _ => $"{name} learned that it is good to have a friend. The end.",
        };
        return $"{opening} {wish} {trouble} {help} {turn} {end}";
    }

    private static string A(string noun, bool upper = false)
    {
        string article = noun[0] is 'a' or 'e' or 'i' or 'o' or 'u' ? "an" : "a";
        return $"{(upper ? char.ToUpperInvariant(article[0]) + article[1..] : article)} {noun}";
    }
}
