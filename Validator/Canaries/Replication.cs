namespace Verathos.Validator.Canaries;

/// <summary>
/// How canaries are sent to several nodes. A node's draws stay draws of the pool: where one is short and greedy, only what it says is
/// taken from the cohort's first node, and its length, its time and everything else stay its own. So no node's
/// share of such requests differs from the pool's, and answers that end at their own lengths have no length in common.
/// </summary>
public static class Replication
{
    /// <summary>Requests for more tokens are not replicated: their answers would end where the model ends them, all at the same length.</summary>
    public const int MostTokens = 8;

    /// <summary>Longer prompts are not replicated: their sealed requests would have a length in common that most others have not. With headers, these fill one bucket of 1,024 bytes.</summary>
    public const int MostPromptBytes = 420;
}
