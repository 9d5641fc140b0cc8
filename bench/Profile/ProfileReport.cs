namespace Verathos.Bench.Profile;

/// <summary>Whether the profile's bits depend on how a request is served.</summary>
/// <param name="Model">The model.</param>
/// <param name="Profile">The numeric profile.</param>
/// <param name="Seed">Chose prompts, orders and cuts.</param>
/// <param name="Prompts">Different prompts.</param>
/// <param name="PromptTokens">Tokens of each.</param>
/// <param name="AnswerTokens">Tokens drawn after each.</param>
/// <param name="Runs">Every way of serving.</param>
public sealed record ProfileReport(
    string Model, string Profile, int Seed, int Prompts, int PromptTokens, int AnswerTokens, IReadOnlyList<ProfileRun> Runs)
{
    /// <summary>Whether every compared logit had the same bits.</summary>
    public bool Identical => Runs.Count > 0 && Runs.All(static run => run is { Different: 0, Compared: > 0 });
}
