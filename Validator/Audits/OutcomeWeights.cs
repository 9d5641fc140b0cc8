using Verathos.Fingerprint.Statistics;
using Verathos.Validator.State;

namespace Verathos.Validator.Audits;

/// <summary>What outcomes weigh: by the table of the test for the model and profile, nothing where there is none.</summary>
/// <param name="tables">All of which pass the gate.</param>
public sealed class OutcomeWeights(LikelihoodTables tables)
{
    /// <summary>Weighs an outcome.</summary>
    /// <param name="manifestRoot">32 bytes.</param>
    /// <param name="profile">The profile under which the test's tables lie.</param>
    /// <param name="test">The test.</param>
    /// <param name="number">Which of the canary's outcomes of this test.</param>
    /// <param name="outcome">Its number in the table.</param>
    /// <param name="passed">Whether the test passed.</param>
    public NewOutcome Weigh(ReadOnlySpan<byte> manifestRoot, string profile, string test, int number, int outcome, bool passed)
    {
        if (!tables.TryFind(manifestRoot, profile, test, out LikelihoodTable? table) || (uint)outcome >= (uint)table.WeightsMicro.Count)
        {
            return new NewOutcome(test, number, outcome, passed, 0, 0);
        }

        // A table that lets an honest node drift up never weighs anything, wherever it came from.
        _ = default(EDetector).Observe(table, outcome);
        return new NewOutcome(test, number, outcome, passed, table.WeightsMicro[outcome], table.Version);
    }
}
