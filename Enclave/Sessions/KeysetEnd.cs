using Verathos.Enclave.Keys;

namespace Verathos.Enclave.Sessions;

/// <summary>
/// What a keyset's end does to a session under it. A host that stops asking for pieces must not keep a prompt inside beyond
/// the life of its keyset, so the end wipes a session that rests at once, and one that works as soon as it rests.
/// </summary>
internal sealed class KeysetEnd(KeyRing ring) : IAsyncDisposable
{
    private const int Resting = 0;
    private const int Working = 1;
    private const int Wiped = 2;
    private LiveKeyset? _keyset;
    private Action? _wipe;
    private CancellationTokenRegistration _watch;
    private int _turn = Working;

    /// <summary>Whether the session's keyset has ended.</summary>
    public bool HasCome => _keyset is { Ended.IsCancellationRequested: true };

    /// <summary>Watches a keyset from here on, for a session that works.</summary>
    /// <param name="keyset">The keyset that the request was sealed to.</param>
    /// <param name="wipe">Zeroes what the session holds; called at most once, and never while the session works.</param>
    public void Watch(LiveKeyset keyset, Action wipe)
    {
        (_keyset, _wipe) = (keyset, wipe);
        keyset.Begin();
        _watch = keyset.Ended.Register(WipeIfResting);
    }

    /// <summary>The session wants to work.</summary>
    /// <returns>False where the keyset's end has wiped it: nothing that it held is there any more.</returns>
    public bool TryWork() => Interlocked.CompareExchange(ref _turn, Working, Resting) != Wiped;

    /// <summary>The session has done its piece of work.</summary>
    public void Rest()
    {
        Interlocked.CompareExchange(ref _turn, Resting, Working);
        if (HasCome)
        {
            WipeIfResting();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _watch.DisposeAsync().ConfigureAwait(false);
        if (_keyset is { } keyset)
        {
            ring.End(keyset);
        }
    }

    private void WipeIfResting()
    {
        if (_wipe is { } wipe && Interlocked.CompareExchange(ref _turn, Wiped, Resting) == Resting)
        {
            wipe();
        }
    }
}
