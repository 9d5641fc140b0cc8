namespace Verathos.Enclave.Sessions;

/// <summary>What a session answers with, piece by piece. It is disposed whichever way it ends.</summary>
internal abstract class Reply : IAsyncDisposable
{
    /// <summary>The next sealed piece, or null at the end.</summary>
    public abstract ValueTask<byte[]?> NextAsync();

    /// <summary>The last piece, where the keyset's end has wiped what the session held; null where nothing can be said any more.</summary>
    public abstract byte[]? EndEarly();

    /// <summary>Zeroes what it holds outside the session's scope; called while it rests, and before it is disposed.</summary>
    public virtual void Wipe()
    {
    }

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}
