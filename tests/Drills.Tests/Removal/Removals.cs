using Verathos.Client.Receipts;
using Verathos.Host.Drills;

namespace Verathos.Drills.Tests.Removal;

/// <summary>How each drill's check is taken away.</summary>
internal static class Removals
{
    /// <summary>Checks of a signature's form stop the rest, so that nothing shows that the rest would hold; they are taken away from a kept receipt.</summary>
    private static readonly string[] s_stopping =
        [ReceiptCheckNames.Format, ReceiptCheckNames.Unprotected, ReceiptCheckNames.Algorithm, ReceiptCheckNames.Type, ReceiptCheckNames.LowS, ReceiptCheckNames.Key];

    /// <summary>Whether the check cannot be taken out of a verdict that names every check.</summary>
    public static bool IsOfItsOwn(Drill drill) => StreamRemovals.All.ContainsKey(drill.Name) || RequestRemovals.All.ContainsKey(drill.Name)
        || FingerprintRemovals.All.ContainsKey(drill.Name) || s_stopping.Contains(drill.Expected);

    /// <summary>Tries the attack where its check, and what refuses it besides, is not.</summary>
    public static Task<DrillOutcome> TryAsync(DrillFixture fixture, Drill drill, CancellationToken cancellationToken) =>
        StreamRemovals.All.TryGetValue(drill.Name, out Func<DrillGround, Drill, CancellationToken, Task<DrillOutcome>>? stream) ? stream(fixture.Ground, drill, cancellationToken)
        : RequestRemovals.All.TryGetValue(drill.Name, out Func<DrillFixture, CancellationToken, Task<DrillOutcome>>? request) ? request(fixture, cancellationToken)
        : FingerprintRemovals.All.TryGetValue(drill.Name, out Func<DrillGround, Drill, CancellationToken, Task<DrillOutcome>>? fingerprint) ? fingerprint(fixture.Ground, drill, cancellationToken)
        : s_stopping.Contains(drill.Expected) ? SignatureRemoval.TryAsync(fixture.Ground, drill, cancellationToken)
        : TryAsync(fixture, drill, check => check == drill.Expected || drill.Layers.Contains(check), cancellationToken);

    /// <summary>Tries the attack on a client without some checks.</summary>
    public static async Task<DrillOutcome> TryAsync(DrillFixture fixture, Drill drill, Func<string, bool> removed, CancellationToken cancellationToken)
    {
        DrillGround ground = fixture.Ground;
        if (FingerprintRemovals.IsOfLimits(drill))
            return await FingerprintRemovals.TryAsync(ground, drill, removed, cancellationToken);

        IDrillClient shipped = ground.Client;
        ground.Client = new ClientWithout(removed);
        try
        {
            return await drill.RunAsync(ground, cancellationToken);
        }
        finally
        {
            ground.Client = shipped;
        }
    }
}
