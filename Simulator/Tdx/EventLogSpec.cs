namespace Verathos.Simulator.Tdx;

/// <summary>The events that a guest's firmware and system measured, in order.</summary>
public sealed record EventLogSpec
{
    /// <summary>One event.</summary>
    /// <param name="Register">0 to 3, as RTMRs are counted.</param>
    /// <param name="Type">Event type; 3 (EV_NO_ACTION) extends nothing, 0x08000001 is dstack's own.</param>
    /// <param name="Digest">SHA-384, 48 bytes; null for that of the data, and for dstack's own events that of type, name and payload.</param>
    /// <param name="Name">Name of a dstack event.</param>
    /// <param name="Data">The event's data, or a dstack event's payload.</param>
    public sealed record Event(int Register, uint Type, byte[]? Digest, string Name, byte[] Data);

    /// <summary>The events.</summary>
    public IReadOnlyList<Event> Events { get; init; } = [];

    /// <summary>Bytes after the last event of a binary log; real tables are padded with ones.</summary>
    public byte[] Tail { get; init; } = [.. Enumerable.Repeat((byte)0xFF, 64)];

    /// <summary>Signature of the specification in the header of a binary log, 16 bytes with NULs.</summary>
    public string Signature { get; init; } = "Spec ID Event03\0";
}
