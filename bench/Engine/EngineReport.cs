namespace Verathos.Bench.Engine;

/// <summary>Everything that the engine's bench measured.</summary>
/// <param name="Processors">Logical processors.</param>
/// <param name="Threads">Threads of each contestant's forward pass.</param>
/// <param name="InstructionSet">The vector instructions that our kernels used: avx512, avx2 or default.</param>
/// <param name="Profile">The served profile's identifier.</param>
/// <param name="Rows">The figures.</param>
/// <param name="Goals">The ratios that are meant to be reached.</param>
public sealed record EngineReport(
    int Processors, int Threads, string InstructionSet, string Profile, IReadOnlyList<EngineRow> Rows, IReadOnlyList<EngineGoal> Goals);
