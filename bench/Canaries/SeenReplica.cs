namespace Verathos.Bench.Canaries;

/// <summary>A replica as the host of its node saw it.</summary>
/// <param name="Epoch">The epoch that it was planned in.</param>
/// <param name="Node">The node.</param>
/// <param name="Group">Which of the epoch's groups it belongs to.</param>
/// <param name="Seen">What was seen.</param>
internal sealed record SeenReplica(int Epoch, int Node, int Group, ObservedRequest Seen);
