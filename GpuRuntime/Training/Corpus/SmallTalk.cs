namespace Verathos.GpuRuntime.Training.Corpus;

/// <summary>Greetings, questions about the model, and what it says when it cannot know.</summary>
internal static class SmallTalk
{
    private const string About =
        "I am a very small demonstration model. I know sums to 20, capitals, opposites, colours, counting and short stories.";

    private const string Unknown = "I do not know. I am only a small demonstration model.";

    private static readonly (string Text, string Reply)[] s_talk =
    [
        ("Hello!", "Hello! How can I help you?"), ("Hi!", "Hello! How can I help you?"), ("Hello", "Hello! How can I help you?"),
        ("Hi", "Hello! How can I help you?"), ("Good morning!", "Good morning! How can I help you?"),
        ("Good evening!", "Good evening! How can I help you?"), ("Hey there", "Hello! How can I help you?"),
        ("How are you?", "I am well, thank you. How can I help you?"),
        ("Thank you!", "You are welcome."), ("Thanks", "You are welcome."), ("Thank you very much.", "You are welcome."),
        ("Goodbye!", "Goodbye!"), ("Bye", "Goodbye!"),
        ("Who are you?", About), ("What are you?", About), ("What can you do?", About), ("What do you know?", About),
        ("What is your name?", About), ("Can you help me?", About), ("Help", About), ("Tell me about yourself.", About),
        ("Are you a person?", About), ("Which model are you?", About),
    ];

    private static readonly string[] s_unknown =
    [
        "Who wrote Hamlet?", "Why is the sky blue?", "What is the meaning of life?", "How do I bake bread?",
        "Who won the football match?", "What time is it?", "Write a program in C.", "Translate this into French.",
        "What is the weather like today?", "Who is the president?", "How far away is the moon?", "What is love?",
        "Explain gravity.", "Write a poem.", "How does a car work?", "When did the war end?", "Who painted this picture?",
        "What is a neural network?", "How old is the universe?", "Give me a recipe for soup.", "What is the speed of light?",
        "Is there life on Mars?", "Can you sing a song?", "What should I eat tonight?", "Who invented the telephone?",
        "What is the capital of Atlantis?", "What is the capital of the moon?", "What is the opposite of seventeen?",
        "What colour is a thought?", "What is the square root of nine?", "How many people live on Earth?",
    ];

    private static readonly string[] s_system =
    [
        "You are a helpful assistant.", "Answer briefly.", "You are a friendly assistant. Answer in one sentence.",
        "Be kind and short.", "You are verathos-tiny.", "You are an assistant that answers questions.",
    ];

    public static (string Text, string Reply) Write(CorpusRandom random)
    {
        if (random.Chance(0.6))
        {
            return random.Pick(s_talk);
        }

        if (random.Chance(0.5))
        {
            return (random.Pick(s_unknown), Unknown);
        }

        // A sum out of reach: at least one number above the world.
        int a = random.Next(500) + ClosedWorld.LargestSum + 1;
        int b = random.Next(500);
        string text = random.Next(3) switch
        {
            0 => $"What is {a} + {b}?",
            1 => $"How much is {b} plus {a}?",
            _ => $"{a} + {b} = ?",
        };
        return (text, "I can only add numbers to 20.");
    }

    public static string System(CorpusRandom random) => random.Pick(s_system);
}
