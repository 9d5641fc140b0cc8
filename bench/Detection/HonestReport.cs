using Verathos.Fingerprint.Statistics;

namespace Verathos.Bench.Detection;

/// <summary>What honest runs showed.</summary>
/// <param name="Layers">Opened layers, each of another step or layer.</param>
/// <param name="Logits">Opened rows of logits.</param>
/// <param name="Alarms">Of both.</param>
/// <param name="Keys">How many fresh sets of keys judged them.</param>
/// <param name="GreatestShare">The greatest residual, over its limit.</param>
/// <param name="Conditions">Runs under other conditions.</param>
public sealed record HonestReport(long Layers, long Logits, long Alarms, int Keys, double GreatestShare, IReadOnlyList<ConditionRow> Conditions)
{
    /// <summary>The greatest rate of alarms that is not contradicted at 95 %.</summary>
    public double Bound => Alarms == 0 ? AlarmRate.UpperBoundOfNone(Math.Max(1, Layers + Logits)) : 1;
}
