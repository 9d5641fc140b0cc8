using System.Security.Cryptography;
using Verathos.Enclave.Serving;
using Verathos.Enclave.Sessions;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Openings;
using Verathos.Protocol.Receipts;

namespace Verathos.Enclave.Keys;

/// <summary>
/// One keyset with its private halves, its replay record and its chain of receipts. Made inside, never exported, and
/// destroyed at its end or as soon as model, configuration or GPUs are no longer what it was made for.
/// </summary>
internal sealed class LiveKeyset : IDisposable
{
    private readonly ECDsa _signer;
    private readonly OhttpPrivateKey[] _keys;
    private readonly CancellationTokenSource _ended = new();
    private readonly Lock _lock = new();
    private ulong _counter;
    private ReadOnlyMemory<byte>? _previous;
    private int _answers;
    private bool _destroyed;

    private LiveKeyset(Keyset keyset, long madeAt, ECDsa signer, OhttpPrivateKey[] keys, ServedModels models, EnclaveOptions options)
    {
        MadeAt = madeAt;
        Keyset = keyset;
        _signer = signer;
        _keys = keys;
        Models = models;
        Replays = new ReplayRecord(options.ReplayCapacity);
        Bindings = new BindingRecord(options.BindingCapacity);
        Ended = _ended.Token;
    }

    /// <summary>Makes fresh keys.</summary>
    /// <param name="bootId">16 random bytes, the same as long as the enclave runs.</param>
    /// <param name="firstKeyId">The OHTTP id of the first key; the second takes the next.</param>
    /// <param name="notBefore">Begin, in whole seconds.</param>
    /// <param name="madeAt">The begin on the monotonic clock, a timestamp of the time provider.</param>
    /// <param name="models">What it answers with.</param>
    /// <param name="options">Lifetime and capacities.</param>
    public static LiveKeyset Create(
        ReadOnlySpan<byte> bootId,
        byte firstKeyId,
        DateTimeOffset notBefore,
        long madeAt,
        ServedModels models,
        EnclaveOptions options)
    {
        ECDsa signer = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        OhttpPrivateKey[] keys =
        [
            new(firstKeyId, HpkePrivateKey.Generate(HpkeKem.XWing)),
            new(unchecked((byte)(firstKeyId + 1)), HpkePrivateKey.Generate(HpkeKem.X25519)),
        ];
        byte[] configurations = OhttpKeys.Encode(keys.Select(key => key.Config));
        Keyset keyset = Keyset.Create(bootId, CoseKey.From(signer), configurations, notBefore, notBefore + options.KeysetLifetime);
        return new LiveKeyset(keyset, madeAt, signer, keys, models, options);
    }

    /// <summary>The public keyset.</summary>
    public Keyset Keyset { get; }

    /// <summary>When it was made, on the monotonic clock.</summary>
    public long MadeAt { get; }

    /// <summary>When its successor was made, on the monotonic clock; null while it is the current one. The ring sets it.</summary>
    public long? SucceededAt { get; set; }

    /// <summary>The answers that run under it.</summary>
    public int Answers => Volatile.Read(ref _answers);

    /// <summary>The models that the keyset's evidence names.</summary>
    public ServedModels Models { get; }

    /// <summary>The headers met so far.</summary>
    public ReplayRecord Replays { get; }

    /// <summary>The bindings that quotes were made over.</summary>
    public BindingRecord Bindings { get; }

    /// <summary>Fires when the keys are destroyed; streams under them end without a receipt.</summary>
    public CancellationToken Ended { get; }

    /// <summary>The private keys for decapsulation.</summary>
    public IReadOnlyCollection<OhttpPrivateKey> PrivateKeys => _keys;

    /// <summary>The signing key, for tests that look whether it is gone afterwards.</summary>
    internal ECDsa Signer => _signer;

    /// <summary>Whether one of its keys has that id.</summary>
    public bool Holds(byte keyId) => Array.Exists(_keys, key => key.Config.KeyId == keyId);

    /// <summary>An answer begins.</summary>
    public void Begin() => Interlocked.Increment(ref _answers);

    /// <summary>An answer has ended, in whatever way.</summary>
    /// <returns>Whether it was the last that ran.</returns>
    public bool End() => Interlocked.Decrement(ref _answers) == 0;

    /// <summary>Signs the acceptance that opens a stream.</summary>
    public byte[] Sign(Acceptance acceptance)
    {
        lock (_lock)
        {
            ThrowIfDestroyed();
            return acceptance.Sign(_signer);
        }
    }

    /// <summary>Signs a checkpoint.</summary>
    public byte[] Sign(Checkpoint checkpoint)
    {
        lock (_lock)
        {
            ThrowIfDestroyed();
            return checkpoint.Sign(_signer);
        }
    }

    /// <summary>Signs what was opened.</summary>
    public byte[] Sign(OpeningStatement statement)
    {
        lock (_lock)
        {
            ThrowIfDestroyed();
            return statement.Sign(_signer);
        }
    }

    /// <summary>Numbers, chains and signs a receipt. Numbers have no gaps, because only a signed receipt takes one.</summary>
    /// <param name="receipt">The receipt, with whatever counter; number and predecessor are set here.</param>
    /// <param name="digest">The receipt's digest.</param>
    public byte[] Sign(Receipt receipt, out byte[] digest)
    {
        lock (_lock)
        {
            ThrowIfDestroyed();
            receipt = receipt with { Counter = _counter + 1, Previous = _previous };
            byte[] signed = receipt.Sign(_signer, out digest);
            _counter++;
            _previous = digest;
            return signed;
        }
    }

    /// <summary>Destroys the private keys and ends every stream under them.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_destroyed)
            {
                return;
            }

            _destroyed = true;
            _signer.Dispose();
            foreach (OhttpPrivateKey key in _keys)
            {
                key.Dispose();
            }
        }

        _ended.Cancel();
    }

    private void ThrowIfDestroyed()
    {
        if (_destroyed)
        {
            throw new EnclaveException(EnclaveFailure.KeysetExpired, "The keyset has ended.");
        }
    }
}
