namespace Verathos.Host.Drills;

/// <summary>The client that is attacked. Drills attack the client as it is shipped; tests put one in its place that lacks a check.</summary>
internal interface IDrillClient
{
    /// <summary>Attests the node, asks it and takes the whole answer.</summary>
    Task<DrillOutcome> AskAsync(DrillCall call, CancellationToken cancellationToken);
}
