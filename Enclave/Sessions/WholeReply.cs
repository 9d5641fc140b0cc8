namespace Verathos.Enclave.Sessions;

/// <summary>A sealed error or list, which goes out in one piece.</summary>
/// <param name="sealedAnswer">The piece.</param>
internal sealed class WholeReply(byte[] sealedAnswer) : Reply
{
    private byte[]? _left = sealedAnswer;

    /// <inheritdoc/>
    public override ValueTask<byte[]?> NextAsync() => ValueTask.FromResult(Interlocked.Exchange(ref _left, null));

    /// <inheritdoc/>
    public override byte[]? EndEarly() => null;

    /// <inheritdoc/>
    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
