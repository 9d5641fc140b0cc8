using System.Threading.RateLimiting;

namespace Verathos.Host.Limits;

/// <summary>A place among the running requests.</summary>
internal sealed class AdmissionPlace : IDisposable
{
    private readonly Admission _owner;
    private readonly long _since;
    private RateLimitLease? _lease;

    public AdmissionPlace(Admission owner, RateLimitLease lease, long since) => (_owner, _lease, _since) = (owner, lease, since);

    /// <summary>Gives the place to the next request.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _lease, null) is { } lease)
        {
            _owner.Leave(lease, _since);
        }
    }
}
