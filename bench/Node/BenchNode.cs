namespace Verathos.Bench.Node;

/// <summary>A node under measurement.</summary>
/// <param name="address">Where it listens.</param>
/// <param name="lifetime">What stops it.</param>
public sealed class BenchNode(Uri address, IAsyncDisposable lifetime) : IAsyncDisposable
{
    /// <summary>Where it listens.</summary>
    public Uri Address => address;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => lifetime.DisposeAsync();
}
