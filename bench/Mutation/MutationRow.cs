namespace Verathos.Bench.Mutation;

/// <summary>What became of one subject's mutations.</summary>
/// <param name="Name">The subject.</param>
/// <param name="IsParser">True for a parser by itself, whose input nothing accepts.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="CoveredBits">Bits that a signature or policy covers.</param>
/// <param name="Mutations">How many changes were tried.</param>
/// <param name="Accepted">How many changes of covered bits were accepted; each is a failure.</param>
/// <param name="Outside">How many changes outside were accepted, as white space of a PEM text is.</param>
/// <param name="Exceptions">How many changes made the code throw; each is a failure.</param>
/// <param name="FirstFailure">The first failure; empty where there is none.</param>
/// <param name="AllocatedPerByte">Of a parser, the most bytes that one parse allocated beyond 64 KiB, for each byte of input.</param>
/// <param name="StepsPerByte">Of a parser, the most bytes that one parse looked at beyond 4 KiB, for each byte of input.</param>
/// <param name="Seconds">How long it took.</param>
public sealed record MutationRow(
    string Name, bool IsParser, int Length, long CoveredBits, long Mutations, long Accepted, long Outside, long Exceptions, string FirstFailure,
    double AllocatedPerByte, double StepsPerByte, double Seconds)
{
    /// <summary>Whether everything is as it must be.</summary>
    public bool Holds => Accepted == 0 && Exceptions == 0 && AllocatedPerByte <= ParserCost.MostAllocatedPerByte && StepsPerByte <= ParserCost.MostStepsPerByte;

    /// <summary>The sum of two runs over the same subject.</summary>
    public static MutationRow operator +(MutationRow a, MutationRow b) => Add(a, b);

    /// <summary>The sum of two runs over the same subject.</summary>
    public static MutationRow Add(MutationRow left, MutationRow right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        return left with
        {
            Mutations = left.Mutations + right.Mutations,
            Accepted = left.Accepted + right.Accepted,
            Outside = left.Outside + right.Outside,
            Exceptions = left.Exceptions + right.Exceptions,
            FirstFailure = left.FirstFailure.Length > 0 ? left.FirstFailure : right.FirstFailure,
            AllocatedPerByte = Math.Max(left.AllocatedPerByte, right.AllocatedPerByte),
            StepsPerByte = Math.Max(left.StepsPerByte, right.StepsPerByte),
            Seconds = left.Seconds + right.Seconds,
        };
    }
}
