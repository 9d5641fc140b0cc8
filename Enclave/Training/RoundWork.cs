using Verathos.Protocol.Receipts;
using Verathos.Training.Records;

namespace Verathos.Enclave.Training;

/// <summary>
/// What came of a round. Whoever has it keeps it on disk before any of it leaves the process, and never asks for the round again: then
/// nobody sees two records of one round.
/// </summary>
/// <param name="Record">The signed record, COSE_Sign1.</param>
/// <param name="Claims">The same, read.</param>
/// <param name="Gradient">The bytes that the record's gradient root is of; empty where the gradient is sent whole.</param>
/// <param name="After">The weights that the steps came to.</param>
/// <param name="State">What the worker takes into the next round.</param>
/// <param name="Head">The end of the chain, with this record.</param>
/// <param name="Steps">What the record's steps root is of.</param>
public sealed record RoundWork(
    byte[] Record, TrainingRecord Claims, byte[] Gradient, float[] After, WorkerState State, ChainHead Head, IReadOnlyList<TrainingStep> Steps);
