namespace Verathos.GpuRuntime.Serving;

/// <summary>
/// Says after each token whether the answer ends with it, beside the model's own ends. The engine asks on its own thread, so that
/// nothing is computed and committed after the last token. The engine takes it over with the request and disposes it.
/// </summary>
public abstract class StopCondition : IDisposable
{
    /// <summary>Takes the answer's next token; whether the answer ends with it.</summary>
    /// <param name="id">The token's id.</param>
    public abstract bool Append(int id);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Overwrites what was taken.</summary>
    /// <param name="disposing">True.</param>
    protected abstract void Dispose(bool disposing);
}
