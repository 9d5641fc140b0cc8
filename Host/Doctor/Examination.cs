namespace Verathos.Host.Doctor;

/// <summary>What the doctor found on a machine.</summary>
/// <param name="Findings">Each thing that was looked at, in order.</param>
/// <param name="Models">Which models fit.</param>
/// <param name="Hardware">Whether this machine can serve with hardware evidence (<c>--tee tdx</c>).</param>
/// <param name="Simulated">Whether it can serve with simulated evidence.</param>
public sealed record Examination(IReadOnlyList<Finding> Findings, IReadOnlyList<ModelFit> Models, bool Hardware, bool Simulated)
{
    /// <summary>Looks at a machine.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="engine">What the engine says of its native library.</param>
    /// <param name="models">Models on disk to size beside the usual ones.</param>
    public static Examination Of(MachineView machine, Finding engine, IEnumerable<string> models)
    {
        ArgumentNullException.ThrowIfNull(machine);
        ArgumentNullException.ThrowIfNull(engine);
        IReadOnlyList<Finding> processor = ProcessorExamination.Examine(machine, out long available);
        IReadOnlyList<Finding> gpus = GpuExamination.Examine(machine, out _);
        Finding[] tee = [.. TeeExamination.Examine(machine)];
        bool quotes = tee.Count(finding => finding.Subject.StartsWith("tdx.", StringComparison.Ordinal) && finding.State == FindingState.Present) == 2;
        bool runs = engine.State == FindingState.Present;
        return new Examination(
            [.. tee, .. gpus, .. processor, engine],
            [.. ModelFit.OfPaths(models, available), .. ModelFit.Usual(available)],
            quotes && runs,
            runs);
    }
}
