using Verathos.Bench.Statistics;

namespace Verathos.Bench.Engine;

/// <summary>One measure of one contestant.</summary>
/// <param name="Model">The model and how its matrices are stored.</param>
/// <param name="Measure">What was measured.</param>
/// <param name="Contestant">The program and its numeric profile or file.</param>
/// <param name="Value">The figures.</param>
/// <param name="Lead">
/// How many times as fast (or as small) the served profile is, pair by pair: its rate over this one's, or this one's time or memory
/// over its. Null for the served profile itself.
/// </param>
public sealed record EngineRow(string Model, EngineMeasure Measure, string Contestant, Spread Value, PairedRatio? Lead);
