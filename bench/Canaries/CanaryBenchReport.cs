namespace Verathos.Bench.Canaries;

/// <summary>Whether canaries can be told from what people send.</summary>
/// <param name="Seed">Chose everything.</param>
/// <param name="Model">What answered.</param>
/// <param name="Pool">Where both were drawn from.</param>
/// <param name="Organic">Organic requests.</param>
/// <param name="Canaries">Canaries.</param>
/// <param name="Refused">Requests that the node refused, of either kind, by the reason it gave; they are not among those above.</param>
/// <param name="HeadersEqual">Whether the outer headers of all were equal, byte for byte.</param>
/// <param name="Replicas">Canaries that another node was asked too.</param>
/// <param name="ReplicaPairs">Pairs of them.</param>
/// <param name="Rows">What was to be told apart.</param>
public sealed record CanaryBenchReport(int Seed, string Model, string Pool, int Organic, int Canaries, IReadOnlyDictionary<string, int> Refused, bool HeadersEqual, int Replicas, int ReplicaPairs, IReadOnlyList<CanaryBenchRow> Rows)
{
    /// <summary>Whether canaries are at chance and every planted mistake is found.</summary>
    public bool Passed => HeadersEqual && Rows.All(static row => row.Passed);
}
