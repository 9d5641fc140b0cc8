using System.Threading.Channels;
using Verathos.GpuRuntime.Compute;

namespace Verathos.GpuRuntime.Serving;

/// <summary>A request on its way through the engine. All but <see cref="Abandon"/> belongs to the engine's thread.</summary>
internal sealed class ActiveRequest(GenerationRequest request, CancellationToken cancellationToken)
{
    private volatile bool _abandoned;

    public GenerationRequest Request { get; } = request;

    /// <summary>Holds at most the requested number of tokens.</summary>
    public Channel<GeneratedToken> Tokens { get; } = Channel.CreateUnbounded<GeneratedToken>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });

    public SequenceState? State { get; set; }

    public int Generated { get; set; }

    public int LastId { get; set; }

    public bool IsReleased { get; set; }

    public bool IsCancelled => _abandoned || cancellationToken.IsCancellationRequested;

    /// <summary>The reader has gone; from any thread.</summary>
    public void Abandon() => _abandoned = true;
}
