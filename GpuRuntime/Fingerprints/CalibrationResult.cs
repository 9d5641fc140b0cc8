using Verathos.Fingerprint.Limits;
using Verathos.Fingerprint.Statistics;

namespace Verathos.GpuRuntime.Fingerprints;

/// <summary>What was measured of one model.</summary>
/// <param name="Model">Its name.</param>
/// <param name="ManifestRoot">64 lower-case hexadecimal digits.</param>
/// <param name="Limits">For exact replays, and for those in binary32 where they were measured.</param>
/// <param name="Tables">Of every test of each of them. All pass the gate.</param>
/// <param name="Kappas">The greatest kappa of each matrix, in the order of its name, and of the logits last.</param>
/// <param name="Openings">Honest openings judged by these limits.</param>
/// <param name="Alarms">Of them; a calibration with any throws instead.</param>
public sealed record CalibrationResult(
    string Model, string ManifestRoot, IReadOnlyList<ModelLimits> Limits, IReadOnlyList<LikelihoodTable> Tables, IReadOnlyList<MatrixKappa> Kappas, long Openings, long Alarms)
{
    /// <summary>The limits with these in the place of older ones of the same model and profile.</summary>
    /// <param name="table">The older ones, or null.</param>
    public LimitTable MergeInto(LimitTable? table) =>
        new((table?.Version ?? 0) + 1, [.. (table?.Models ?? []).Where(old => !Limits.Any(own => (own.ManifestRoot, own.Profile) == (old.ManifestRoot, old.Profile))), .. Limits]);

    /// <summary>The tables with these in the place of older ones of the same model, profile and test.</summary>
    /// <param name="tables">The older ones, or null.</param>
    public LikelihoodTables MergeInto(LikelihoodTables? tables) =>
        new([.. (tables?.Tables ?? []).Where(old => !Tables.Any(own => (own.ManifestRoot, own.Profile, own.Test) == (old.ManifestRoot, old.Profile, old.Test))), .. Tables]);
}
