namespace Verathos.Validator.Canaries;

/// <summary>The words of <see cref="PromptWriter"/>.</summary>
internal static class PromptWords
{
    public static readonly string[] Topics =
    [
        "photosynthesis", "inflation", "the French Revolution", "machine learning", "gravity", "DNA", "the stock market", "sleep", "quantum physics", "coffee", "climate change", "democracy",
        "the Roman Empire", "chess", "jazz", "bread baking", "vaccination", "black holes", "blockchain", "yoga", "tax law", "solar power", "grammar", "evolution", "cooking rice", "the moon",
        "insurance", "databases", "public transport", "gardening", "impressionism", "recycling", "nutrition", "the internet", "electric cars", "plate tectonics", "beekeeping", "marathon training",
        "public speaking", "probability", "the digestive system", "feudalism", "renting a flat", "football", "cloud computing", "migraine", "origami", "volcanoes", "minimum wage", "thermodynamics",
        "stoicism", "knitting", "open source software", "the water cycle", "venture capital", "antibiotics", "sourdough", "meditation", "typography", "the Cold War", "game theory", "road safety",
    ];

    public static readonly string[] Things =
    [
        "bicycle", "kettle", "laptop", "sofa", "guitar", "camera", "garden", "window", "novel", "printer", "shoe", "recipe", "contract", "boat", "piano", "umbrella", "cake", "dress", "router",
        "phone", "lamp", "ticket", "table", "painting", "engine", "password", "invoice", "suitcase", "bridge", "mirror", "blanket", "keyboard", "spreadsheet", "tomato", "tent", "clock", "drawer",
        "helmet", "fridge", "passport", "violin", "stamp", "ladder", "website", "pillow", "battery", "compass", "sandwich", "calendar", "scarf",
    ];

    public static readonly string[] Adjectives =
    [
        "important", "expensive", "old", "dangerous", "beautiful", "slow", "popular", "strange", "useful", "broken", "cheap", "difficult", "famous", "healthy", "heavy", "illegal", "modern", "rare",
        "safe", "simple", "unfair", "boring", "complicated", "green", "quiet", "fragile", "necessary", "sweet", "dry", "reliable", "enormous", "late", "wonderful", "dirty", "controversial",
    ];

    public static readonly string[] Verbs =
    [
        "clean", "repair", "sell", "draw", "find", "build", "insure", "paint", "send", "open", "choose", "store", "count", "replace", "move", "test", "return", "update", "share", "fold", "measure", "borrow",
    ];

    public static readonly string[] Pasts =
    [
        "bought", "forgot", "lost", "cleaned", "wanted", "returned", "tested", "visited", "painted", "noticed", "repaired", "shared", "used", "missed", "ordered", "found", "liked", "measured",
    ];

    public static readonly string[] Places =
    [
        "in Lisbon", "at home", "in the office", "near the sea", "in Japan", "at school", "on the train", "in winter", "in the mountains", "in a small town", "abroad", "in Nairobi", "by the river", "in Canada",
        "on a budget", "in the kitchen", "in Berlin", "at night", "in the desert", "in Peru", "on the phone", "in a hospital",
    ];

    public static readonly string[] Names =
    [
        "Anna", "Mehmet", "Chidi", "Sofia", "Liam", "Yuki", "Priya", "Carlos", "Fatima", "Olga", "Tom", "Wei", "Amara", "Lucas", "Ingrid", "Omar", "Julia", "Kofi", "Elena", "Noah", "Mai", "Pedro", "Leila", "Sven",
    ];

    public static readonly string[] Roles =
    [
        "a child", "a beginner", "a lawyer", "a pirate", "a nurse", "a farmer", "a student", "a grandmother", "a senior engineer", "a journalist", "a chef", "a tourist", "a manager", "a poet", "a biologist",
        "someone with no time", "a small business", "a ten-year-old", "a detective", "a translator",
    ];

    public static readonly string[] Manners =
    [
        "briefly", "in simple words", "politely", "in a friendly tone", "in one paragraph", "formally", "with bullet points", "like Shakespeare", "step by step", "shorter", "funnier", "more precise", "in plain English",
    ];

    public static readonly string[] Days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "the 3rd of May", "New Year's Eve", "March 14", "next week", "the weekend"];

    public static readonly string[] Languages = ["English", "Spanish", "German", "French", "Portuguese", "Italian", "Japanese", "Hindi", "Turkish", "Polish", "Dutch", "Swahili"];

    public static readonly string[] Wishes =
    [
        "Keep it short.", "Use bullet points.", "No introduction please.", "Explain your reasoning.", "Be precise.", "If you don't know, say so.", "Do not use jargon.", "Answer in two sentences.",
        "Thanks in advance!", "I am in a hurry.", "It is for a school project.", "Give sources if you can.", "Use a table.", "Please don't repeat the question.", "My English is not so good.",
    ];

    public static readonly string[] Greetings = ["Hi, ", "Hello! ", "hey ", "Good morning, ", "Please: ", "Hi there. ", "Quick question: ", "so "];

    public static readonly string[] SmallTalk =
    [
        "How are you", "Who are you", "hello", "What can you do", "Are you a robot", "Tell me something interesting", "I'm bored", "Good night", "What's your name", "do you like music", "I had a bad day",
        "Thank you for yesterday", "test", "What time is it", "Can you hear me",
    ];

    public static readonly string[] CodeLanguages = ["Python", "JavaScript", "C#", "Rust", "SQL", "Go", "bash", "TypeScript", "Java", "R", "Haskell", "PHP"];

    public static readonly string[] CodeTasks =
    [
        "reverses a string", "reads a CSV file and sums a column", "checks whether a number is prime", "downloads a page and counts its links", "sorts dates", "merges two sorted lists",
        "removes duplicates from an array", "validates an email address", "computes the median", "flattens a nested list", "retries a call three times", "formats a number with commas",
    ];

    public static readonly string[] Errors =
    [
        "IndexError: list index out of range", "NullReferenceException", "undefined is not a function", "segmentation fault (core dumped)", "syntax error near unexpected token", "TypeError: can only concatenate str",
        "connection refused", "expected `;`, found `}`", "KeyError: 'id'", "permission denied", "out of memory", "deadlock detected",
    ];

    public static readonly string[] Foreign =
    [
        "¿Cuál es la capital de Perú", "Wie koche ich Reis", "Écris un poème sur la mer", "Como funciona a energia solar", "Che tempo fa a Roma in aprile", "東京で何を見るべきですか", "Was bedeutet Inflation",
        "¿Puedes corregir este texto: ayer yo va al mercado", "Quelle est la différence entre un lac et un étang", "Napisz krótki list do nauczyciela", "Türkiye'nin en uzun nehri hangisi", "Jak upéct chleba",
        "मुझे एक कहानी सुनाओ", "Hoe repareer ik een fiets", "Расскажи о Байкале", "اكتب قصة قصيرة", "Eleza mzunguko wa maji", "Explique-moi la gravité simplement",
    ];
}
