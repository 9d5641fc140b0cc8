namespace Verathos.Protocol.Receipts;

/// <summary>What a validator says of one contribution: [worker, verdict, impact, units] in an outcome's claims.</summary>
/// <param name="Worker">The worker's key, 32 bytes.</param>
/// <param name="Verdict">What was found: "accepted", or the check that it failed; 1 to 40 of a to z, 0 to 9, hyphen and stop.</param>
/// <param name="Impact">By how much it lowers the held-out loss, in nats per token; finite. Eight bytes on the wire, binary64, big-endian.</param>
/// <param name="Units">What it is paid.</param>
public sealed record OutcomeVerdict(ReadOnlyMemory<byte> Worker, string Verdict, double Impact, ulong Units)
{
    /// <summary>The verdict of a contribution in which nothing was found.</summary>
    public const string Accepted = "accepted";

    /// <summary>Whether a text can be a verdict.</summary>
    public static bool IsName(string? text) =>
        text is { Length: >= 1 and <= 40 } && text.All(static letter => letter is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-' or '.');
}
