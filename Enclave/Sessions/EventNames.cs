using System.Text;
using Verathos.Protocol.Requests;

namespace Verathos.Enclave.Sessions;

/// <summary>The names of the node's own events in UTF-8.</summary>
internal static class EventNames
{
    private static readonly byte[] AcceptanceName = Encoding.ASCII.GetBytes(SseEvents.Acceptance);
    private static readonly byte[] CheckpointName = Encoding.ASCII.GetBytes(SseEvents.Checkpoint);

    /// <summary>Opens a stream.</summary>
    public static ReadOnlySpan<byte> Acceptance => AcceptanceName;

    /// <summary>A signed checkpoint.</summary>
    public static ReadOnlySpan<byte> Checkpoint => CheckpointName;
}
