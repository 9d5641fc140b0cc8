namespace Verathos.Bench.Mutation;

/// <summary>What became of one subject's mutations.</summary>
/// <param name="Name">The subject.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Covered">Bytes that a signature or policy covers.</param>
/// <param name="Mutations">How many changes were tried.</param>
/// <param name="Accepted">How many changes of covered bytes were accepted; each is a failure.</param>
/// <param name="Uncovered">How many changes outside were accepted, as white space of a PEM text is.</param>
/// <param name="Exceptions">How many changes made the verifier throw; each is a failure.</param>
/// <param name="FirstFailure">The first failure; empty where there is none.</param>
/// <param name="AllocatedPerByte">The most bytes that one parse allocated beyond 64 KiB, for each byte of input; 0 where none did.</param>
/// <param name="Seconds">How long it took.</param>
public sealed record MutationRow(
    string Name, int Length, int Covered, long Mutations, long Accepted, long Uncovered, long Exceptions, string FirstFailure, double AllocatedPerByte,
    double Seconds);
