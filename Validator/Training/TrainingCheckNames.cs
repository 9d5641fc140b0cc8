namespace Verathos.Validator.Training;

/// <summary>The checks of a model's training, in the order in which they are made; the first that fails ends them.</summary>
public static class TrainingCheckNames
{
    /// <summary>The records, keysets and steps are there and have their form.</summary>
    public const string ChainFormat = "chain.format";

    /// <summary>The training text is the one that the recipe names.</summary>
    public const string Corpus = "recipe.corpus";

    /// <summary>The tokeniser is the one that the training text gives.</summary>
    public const string Vocabulary = "recipe.vocabulary";

    /// <summary>The platform's evidence vouches for each keyset, for this run, model and profile.</summary>
    public const string Evidence = "keysets.evidence";

    /// <summary>Signatures, keysets, numbers, digests, times, documents and models of the records form one chain.</summary>
    public const string Records = "records.chain";

    /// <summary>The records are the recipe's rounds, all of them, with its steps.</summary>
    public const string Rounds = "records.rounds";

    /// <summary>The steps are those that the records commit to, and follow one another.</summary>
    public const string Steps = "records.steps";

    /// <summary>The kept states are those that the records name.</summary>
    public const string States = "states.roots";

    /// <summary>The model's weights are the last state's, rounded.</summary>
    public const string Model = "model.weights";

    /// <summary>Steps computed again are the ones that were recorded.</summary>
    public const string Replay = "replay";

    /// <summary>All of them, in order.</summary>
    public static IReadOnlyList<string> All { get; } = [ChainFormat, Corpus, Vocabulary, Evidence, Records, Rounds, Steps, States, Model, Replay];
}
