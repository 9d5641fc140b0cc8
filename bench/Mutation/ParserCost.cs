namespace Verathos.Bench.Mutation;

/// <summary>What a parser may cost: memory and steps within a constant for each byte, so that both are linear in the input.</summary>
public static class ParserCost
{
    /// <summary>The most bytes allocated for each byte of input, beyond <see cref="AllocationAllowance"/>.</summary>
    public const double MostAllocatedPerByte = 16;

    /// <summary>The most bytes looked at for each byte of input, beyond <see cref="StepAllowance"/>.</summary>
    public const double MostStepsPerByte = 32;

    /// <summary>Bytes that any parse may allocate.</summary>
    public const long AllocationAllowance = 64 * 1024;

    /// <summary>Bytes that any parse may look at.</summary>
    public const long StepAllowance = 4 * 1024;

    /// <summary>Bytes for each byte of input beyond an allowance; 0 below it.</summary>
    public static double PerByte(long cost, long allowance, int length) => Math.Max(0, (double)(cost - allowance) / Math.Max(1, length));
}
