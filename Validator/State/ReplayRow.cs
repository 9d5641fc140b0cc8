namespace Verathos.Validator.State;

/// <summary>The replay of one inner step of a worker's round of training.</summary>
/// <param name="Id">SHA-256 of run, round and worker: a contribution has one at most.</param>
/// <param name="Epoch">The epoch in whose books it stands.</param>
/// <param name="Node">The worker.</param>
/// <param name="Run">The training run, 32 bytes.</param>
/// <param name="Round">The round.</param>
/// <param name="Step">The step, from 0.</param>
/// <param name="Record">Digest of the record that is opened, 32 bytes.</param>
/// <param name="State">Where it is.</param>
/// <param name="Asked">How often the worker was asked.</param>
/// <param name="Result">How it ended; null before.</param>
/// <param name="Reason">The check that failed.</param>
/// <param name="Detail">One sentence.</param>
public sealed record ReplayRow(
    byte[] Id, long Epoch, long Node, byte[] Run, ulong Round, int Step, byte[] Record, WorkState State, int Asked, WorkResult? Result, string? Reason, string? Detail);
