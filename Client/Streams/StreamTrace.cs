namespace Verathos.Client.Streams;

/// <summary>Follows what a stream commits to: with every token, or with none where that is not required.</summary>
/// <param name="isRequired">Whether it must commit.</param>
internal sealed class StreamTrace(bool isRequired)
{
    /// <summary>The check that fails where it does not commit as it must.</summary>
    public const string Check = "stream.trace";

    private bool _begun;

    /// <summary>What it committed to with the last token, 32 bytes; null where it does not.</summary>
    public byte[]? Last { get; private set; }

    /// <summary>Takes a chunk.</summary>
    /// <param name="tokens">Tokens in it.</param>
    /// <param name="root">What it commits to, or null.</param>
    /// <returns>What is wrong, or null.</returns>
    public string? Add(int tokens, byte[]? root)
    {
        if (tokens == 0)
            return root is null ? null : "the node committed to a step without a token";

        bool mustCommit = _begun ? Last is not null : isRequired;
        if (root is null && mustCommit)
            return "the node sent a token without committing to its computation";

        if (root is not null && _begun && Last is null)
            return "the node began to commit to its computation in the middle";

        // The number of steps is part of what is committed to.
        if (root is not null && Last is not null && root.AsSpan().SequenceEqual(Last))
            return "the node committed to the same steps with two tokens";

        (_begun, Last) = (true, root);
        return null;
    }
}
