using System.Security.Cryptography;
using Verathos.Attestation.Binding;
using Verathos.Enclave.Evidence;
using Verathos.Enclave.Platform;
using Verathos.Enclave.Serving;
using Verathos.Fingerprint.Manifest;
using Verathos.Protocol.Evidence;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Receipts;
using Verathos.Training;

namespace Verathos.Enclave.Training;

/// <summary>
/// The keys and the evidence of a process that trains. Its keyset lives in memory only, as a node's does: after a restart there is
/// another, and a worker's records stay one chain by the worker's key, counter and digests. Nothing outside this room can have a record
/// signed: a <see cref="RoundWorker"/> signs what it computed itself.
/// </summary>
public sealed class TrainingEnclave : IDisposable
{
    private readonly TrainingEnclaveOptions _options;
    private readonly IPlatformDriver _driver;
    private readonly TimeProvider _time;
    private readonly GpuGate _gate;
    private readonly byte[] _bootId = RandomNumberGenerator.GetBytes(Keyset.BootIdLength);
    private readonly byte[] _manifest;
    private readonly byte[] _configuration;
    private readonly SemaphoreSlim _platform = new(1, 1);
    private readonly Lock _lock = new();
    private readonly Dictionary<WorkerKey, (ulong Counter, ulong Round)> _signed = [];
    private TrainingKeys? _keys;

    private TrainingEnclave(TrainingEnclaveOptions options, IPlatformDriver driver, TimeProvider time)
    {
        (_options, _driver, _time, _gate) = (options, driver, time, new GpuGate(driver, time));
        byte[] root = options.ModelRoot.ToArray();
        _manifest = new ModelManifest(options.Name, root, options.Tensors, options.Bytes, options.Tensors).Encode();
        _configuration = new NodeConfiguration(
            NodeConfiguration.InProcess,
            ServedModels.EngineName,
            options.NumericProfile,
            // It takes no requests, and so states no room for any.
            new NodeLimits(0, 0, 0, 0),
            driver.IsSimulated,
            driver.ExpectedGpus == 0 ? null : true,
            driver.ExpectedGpus == 0 ? null : false).Encode();
    }

    /// <summary>The keyset under which records are signed now.</summary>
    /// <exception cref="EnclaveException">There are no keys any more.</exception>
    public Keyset Keyset
    {
        get
        {
            lock (_lock)
            {
                return Current().Keyset;
            }
        }
    }

    /// <summary>True if the platform is simulated; every record then says so.</summary>
    public bool IsSimulated => _driver.IsSimulated;

    /// <summary>The numeric profile that evidence and records state.</summary>
    public string NumericProfile => _options.NumericProfile;

    /// <summary>Checks the platform, verifies the GPUs and makes the first keyset.</summary>
    /// <param name="options">What its evidence states.</param>
    /// <param name="driver">The platform, which stays the caller's.</param>
    /// <param name="time">The clock; the system's by default.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ArgumentException">The options make no sense.</exception>
    /// <exception cref="PlatformException">The platform refuses; the text says what to do.</exception>
    public static async Task<TrainingEnclave> StartAsync(
        TrainingEnclaveOptions options, IPlatformDriver driver, TimeProvider? time = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(driver);
        options.Validate();
        driver.RequireTopology(EnclaveTopology.InProcess);
        if (!driver.IsSimulated && ProcessHardening.FindObjections([]) is { Count: > 0 } objections)
        {
            throw new PlatformException(string.Join(' ', objections));
        }

        TrainingEnclave enclave = new(options, driver, time ?? TimeProvider.System);
        try
        {
            await enclave.RenewAsync(TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
            return enclave;
        }
        catch
        {
            enclave.Dispose();
            throw;
        }
    }

    /// <summary>Makes a new keyset where less than a time is left of the current one, which is destroyed then.</summary>
    /// <param name="needed">How long keys are needed; below the lifetime of a keyset.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>True if there is a new one, for which evidence is needed.</returns>
    /// <exception cref="PlatformException">A GPU is not what it must be any more; there are no keys then.</exception>
    public async Task<bool> RenewAsync(TimeSpan needed, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(needed, _options.KeysetLifetime);
        await _platform.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            lock (_lock)
            {
                if (_keys is { } keys && keys.Left(_time) > needed)
                {
                    return false;
                }
            }

            try
            {
                await _gate.VerifyAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (PlatformException)
            {
                Replace(null);
                throw;
            }

            Replace(TrainingKeys.Create(_bootId, _options.KeysetLifetime, _time));
            return true;
        }
        finally
        {
            _platform.Release();
        }
    }

    /// <summary>The evidence collection for a nonce, with the current keyset.</summary>
    /// <param name="nonce">32 bytes that the verifier chose.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The encoded collection (<c>application/cmw+cbor</c>).</returns>
    /// <exception cref="EnclaveException">The nonce is not 32 bytes, or there are no keys.</exception>
    /// <exception cref="PlatformException">The platform gives no evidence; where it is for a GPU, the keys are destroyed.</exception>
    public async Task<byte[]> GetEvidenceAsync(ReadOnlyMemory<byte> nonce, CancellationToken cancellationToken = default)
    {
        if (nonce.Length != NonceBatch.NonceLength)
        {
            throw new EnclaveException(EnclaveFailure.InvalidArgument, $"A nonce has {NonceBatch.NonceLength} bytes, not {nonce.Length}.");
        }

        NonceBatch batch = NonceBatch.Build([nonce.ToArray()]);
        await _platform.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            Keyset keyset = Keyset;
            IReadOnlyList<GpuState> states;
            try
            {
                states = await _gate.GetVerifiedAsync(GpuNonce.Derive(batch.Root, keyset.Digest.Span), cancellationToken).ConfigureAwait(false);
            }
            catch (PlatformException)
            {
                Replace(null);
                throw;
            }

            EvidenceSubject subject = new(keyset, _manifest, _options.ModelRoot.ToArray(), _configuration, _options.Identity);
            return (await EvidenceAssembly.MakeAsync(_driver, states, subject, batch, null, cancellationToken).ConfigureAwait(false))(0);
        }
        finally
        {
            _platform.Release();
        }
    }

    /// <summary>Fills in what only the enclave knows, and signs.</summary>
    /// <param name="record">The record, with whatever keyset, time and id.</param>
    /// <param name="notBefore">The time of the worker's record before: the new one's is not earlier, whatever the clock says.</param>
    /// <param name="digest">The record's digest.</param>
    /// <exception cref="EnclaveException">
    /// The keyset has ended, or the clock is beyond it; or this enclave signed a record of the worker's for this counter or round, or a later one.
    /// </exception>
    internal byte[] Sign(TrainingRecord record, DateTimeOffset notBefore, out byte[] digest)
    {
        lock (_lock)
        {
            TrainingKeys keys = Current();
            DateTimeOffset now = DateTimeOffset.FromUnixTimeSeconds(_time.GetUtcNow().ToUnixTimeSeconds());
            DateTimeOffset at = now < notBefore ? notBefore : now;
            if (at < keys.Keyset.NotBefore || at > keys.Keyset.NotAfter)
            {
                throw new EnclaveException(EnclaveFailure.KeysetExpired, "The clock, or the record before, is outside the keyset's validity.");
            }

            WorkerKey worker = new(record.Worker.Span);
            if (_signed.TryGetValue(worker, out (ulong Counter, ulong Round) last) && (record.Counter <= last.Counter || record.Round <= last.Round))
            {
                throw new EnclaveException(EnclaveFailure.InvalidArgument, $"This enclave signed record {last.Counter} of round {last.Round} for the worker; no other may stand beside it.");
            }

            _signed[worker] = (record.Counter, record.Round);
            return (record with
            {
                BootId = keys.Keyset.BootId,
                KeysetDigest = keys.Keyset.Digest,
                IssuedAt = at,
                Id = RandomNumberGenerator.GetBytes(16),
                Simulated = _driver.IsSimulated,
            }).Sign(keys.Signer, out digest);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Replace(null);
        _platform.Dispose();
    }

    private TrainingKeys Current() => _keys is not { } keys ? throw new EnclaveException(EnclaveFailure.Unavailable, "The enclave has no keys.")
        : keys.Left(_time) > TimeSpan.Zero ? keys
        : throw new EnclaveException(EnclaveFailure.KeysetExpired, "The keyset has ended.");

    private void Replace(TrainingKeys? keys)
    {
        lock (_lock)
        {
            _keys?.Dispose();
            _keys = keys;
        }
    }
}
