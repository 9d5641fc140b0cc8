namespace Verathos.Protocol.Ohttp;

/// <summary>A chunk that was opened.</summary>
/// <param name="Plaintext">What was sealed.</param>
/// <param name="Index">Its place, from 1.</param>
/// <param name="IsFinal">True for the one that ends the message.</param>
public readonly record struct OhttpChunk(ReadOnlyMemory<byte> Plaintext, long Index, bool IsFinal)
{
    /// <summary>The most plaintext bytes in one chunk, as much as every receiver must take.</summary>
    public const int MaxPlaintext = 16384;
}
