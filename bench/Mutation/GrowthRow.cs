namespace Verathos.Bench.Mutation;

/// <summary>How a parser's cost grows with the input that costs it most.</summary>
/// <param name="Name">The parser.</param>
/// <param name="Lengths">The lengths of the inputs, each about twice the one before.</param>
/// <param name="Steps">Bytes looked at, for each length.</param>
/// <param name="Allocated">Bytes allocated, for each length.</param>
public sealed record GrowthRow(string Name, IReadOnlyList<int> Lengths, IReadOnlyList<long> Steps, IReadOnlyList<long> Allocated)
{
    /// <summary>The most bytes looked at for each byte of input, beyond what any parse may.</summary>
    public double StepsPerByte => Lengths.Select((length, i) => ParserCost.PerByte(Steps[i], ParserCost.StepAllowance, length)).Max();

    /// <summary>The most bytes allocated for each byte of input, beyond what any parse may.</summary>
    public double AllocatedPerByte => Lengths.Select((length, i) => ParserCost.PerByte(Allocated[i], ParserCost.AllocationAllowance, length)).Max();

    /// <summary>Whether both stay below a constant for each byte, at every length.</summary>
    public bool Holds => StepsPerByte <= ParserCost.MostStepsPerByte && AllocatedPerByte <= ParserCost.MostAllocatedPerByte;

    /// <summary>Measures a parser at doubling lengths.</summary>
    public static GrowthRow Measure(ParserTarget target)
    {
        ArgumentNullException.ThrowIfNull(target);
        List<int> lengths = [];
        List<long> steps = [];
        List<long> allocated = [];
        for (int length = 1024; length <= 1 << 20; length *= 2)
        {
            byte[] input = target.Worst(length);
            target.Parses(input, out _);
            long before = GC.GetAllocatedBytesForCurrentThread();
            target.Parses(input, out long count);
            allocated.Add(GC.GetAllocatedBytesForCurrentThread() - before);
            steps.Add(count);
            lengths.Add(input.Length);
        }

        return new GrowthRow(target.Name, lengths, steps, allocated);
    }
}
