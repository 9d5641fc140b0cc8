using System.Runtime.CompilerServices;
using Verathos.Attestation.Binding;
using Verathos.Enclave.Evidence;
using Verathos.Enclave.Keys;
using Verathos.Enclave.Memory;
using Verathos.Enclave.Openings;
using Verathos.Enclave.Platform;
using Verathos.Enclave.Serving;
using Verathos.Enclave.Sessions;
using Verathos.GpuRuntime.Models;
using Verathos.Protocol.Evidence;

namespace Verathos.Enclave;

/// <summary>
/// The trusted core: models, keys, evidence and sessions of one process. It verifies its GPUs before it makes keys, replaces
/// keys before they end, and destroys them as soon as what they were bound to changes.
/// </summary>
public sealed class EnclaveCore : IEnclave
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ClockJump = TimeSpan.FromSeconds(1);
    private readonly IPlatformDriver _driver;
    private readonly EnclaveOptions _options;
    private readonly TimeProvider _time;
    private readonly KeyRing _ring;
    private readonly GpuGate _gate;
    private readonly NonceBatcher _batcher;
    private readonly EvidenceMinter _minter;
    private readonly EnclaveMetrics _metrics = new();
    private readonly KeptAnswers _kept;
    private readonly SessionContext _context;
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _changing = new(1, 1);
    private ServedModels _models;
    private Task _rotation = Task.CompletedTask;
    private string? _notReady = "starting";

    private EnclaveCore(IReadOnlyList<LoadedModel> models, IPlatformDriver driver, EnclaveOptions options, TimeProvider time)
    {
        _driver = driver;
        _options = options;
        _time = time;
        _models = new ServedModels(models, options, driver);
        _ring = new KeyRing(options, time);
        _kept = new KeptAnswers(options, time, _metrics);
        _context = new SessionContext(options, _metrics, driver.IsSimulated, time, _kept);
        _gate = new GpuGate(driver, time);
        _minter = new EvidenceMinter(_ring, _gate, driver, options, _metrics, Lose);
        _batcher = new NonceBatcher(_minter.MintAsync, time, options.MaxQuoteWindow, options.MaxPendingNonces, _stopping.Token);
    }

    /// <summary>The answers that can be opened, for tests.</summary>
    internal KeptAnswers Kept => _kept;

    /// <summary>Makes what a request holds; tests keep a reference to look into it afterwards.</summary>
    internal Func<SecretScope> ScopeFactory { get; set; } = static () => new SecretScope();

    /// <summary>Starts a core with one model.</summary>
    /// <inheritdoc cref="StartAsync(IReadOnlyList{LoadedModel}, IPlatformDriver, EnclaveOptions, TimeProvider?, CancellationToken)"/>
    public static Task<EnclaveCore> StartAsync(
        LoadedModel model,
        IPlatformDriver driver,
        EnclaveOptions options,
        TimeProvider? time = null,
        CancellationToken cancellationToken = default) => StartAsync([model], driver, options, time, cancellationToken);

    /// <summary>Starts a core: checks the platform, verifies the GPUs, tests the models, makes the first keyset.</summary>
    /// <param name="models">Loaded models of different names, the default first; the core takes them over, also where this throws.</param>
    /// <param name="driver">The platform, which stays the caller's.</param>
    /// <param name="options">How it behaves.</param>
    /// <param name="time">The clock, which the host owns.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    /// <exception cref="ArgumentException">The options are wrong; the text names every error.</exception>
    /// <exception cref="PlatformException">The platform refuses; the text says what to do.</exception>
    /// <exception cref="EnclaveException">The model does not pass its test; the text says how it failed.</exception>
    public static async Task<EnclaveCore> StartAsync(
        IReadOnlyList<LoadedModel> models,
        IPlatformDriver driver,
        EnclaveOptions options,
        TimeProvider? time = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(models);
        ArgumentNullException.ThrowIfNull(driver);
        ArgumentNullException.ThrowIfNull(options);
        try
        {
            Require(models, driver, options);
        }
        catch
        {
            foreach (LoadedModel model in models)
            {
                model.Dispose();
            }

            throw;
        }

        EnclaveCore core = new(models, driver, options, time ?? TimeProvider.System);
        try
        {
            await core.MakeKeysAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await core.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        core._rotation = Task.Run(core.RotateAsync, CancellationToken.None);
        return core;
    }

    /// <inheritdoc/>
    public async Task<byte[]> GetEvidenceAsync(ReadOnlyMemory<byte> nonce, CancellationToken cancellationToken = default)
    {
        _ = Current();
        byte[] evidence = await _batcher.GetAsync(nonce, cancellationToken).ConfigureAwait(false);
        Interlocked.Increment(ref _metrics.Nonces);
        return evidence;
    }

    /// <inheritdoc/>
    public Task<byte[]> GetOhttpKeysAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult(Current().Keyset.OhttpKeys.ToArray());

    /// <inheritdoc/>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> HandleAsync(
        IAsyncEnumerable<ReadOnlyMemory<byte>> request,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        _ = Current();
        Interlocked.Increment(ref _metrics.Active);
        try
        {
            await using Session session = new(_ring, _context, ScopeFactory());
            await OpenAsync(session, request, cancellationToken).ConfigureAwait(false);
            while (await session.NextAsync().ConfigureAwait(false) is { } piece)
            {
                yield return piece;
            }
        }
        finally
        {
            Interlocked.Decrement(ref _metrics.Active);
        }
    }

    /// <inheritdoc/>
    public Task<EnclaveStatus> GetStatusAsync(CancellationToken cancellationToken = default)
    {
        LiveKeyset? keyset = _ring.Current;
        // Only the newest keyset is published; full, it takes nobody, and there is no other to go to.
        bool full = keyset is { Replays.IsFull: true };
        ServedModels models = Volatile.Read(ref _models);
        ModelStatus[] each = [.. models.All.Select(static model => model.Status)];
        return Task.FromResult(new EnclaveStatus
        {
            Model = models.Default.Name,
            Models = each,
            Ready = keyset is not null && !full && !_stopping.IsCancellationRequested,
            NotReadyReason = keyset is null ? _notReady : full ? "the keyset has recorded as many requests as it may; a new one follows" : null,
            Simulated = _driver.IsSimulated,
            Tee = _driver.Name,
            Topology = models.Topology,
            ManifestRoot = models.ManifestRoot,
            KeysetDigest = keyset?.Keyset.Digest ?? default,
            KeysetNotAfter = keyset?.Keyset.NotAfter ?? DateTimeOffset.UnixEpoch,
            ContextLength = models.Default.ContextLength,
            Queued = each.Sum(static model => model.Queued),
            Counters = _metrics.Read(_ring.Made, _kept.Size),
        });
    }

    /// <summary>
    /// Serves another model from here on, in the place of the one of the same name or of the only one. Every keyset is destroyed
    /// first, which ends the streams under them, those of other models too: evidence for one model must never cover another.
    /// </summary>
    /// <param name="model">The model; the core takes it over, also where this throws.</param>
    /// <param name="cancellationToken">Gives up waiting for another change.</param>
    /// <exception cref="ArgumentException">Of several models none has that name.</exception>
    /// <exception cref="PlatformException">The platform refuses new keys; the core is not ready then.</exception>
    /// <exception cref="EnclaveException">The model does not pass its test; the core is not ready then.</exception>
    public async Task ReplaceModelAsync(LoadedModel model, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        await _changing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            int index = _models.All.Count == 1 ? 0 : _models.All.ToList().FindIndex(served => served.Name == model.Manifest.Name);
            if (index < 0)
            {
                model.Dispose();
                throw new ArgumentException($"there is no model {model.Manifest.Name} to replace", nameof(model));
            }

            ServedModel old = _models.All[index];
            Lose("the model is being replaced");
            Volatile.Write(ref _models, _models.With(index, model));
            await old.DisposeAsync().ConfigureAwait(false);
            await AddKeysetAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await _rotation.ConfigureAwait(false);
        Lose("stopped");
        _kept.Dispose();
        await _models.DisposeAsync().ConfigureAwait(false);
    }

    private static void Require(IReadOnlyList<LoadedModel> models, IPlatformDriver driver, EnclaveOptions options)
    {
        IReadOnlyList<string> errors = [.. options.Validate(), .. Mistakes(models)];
        if (errors.Count > 0)
        {
            throw new ArgumentException(string.Join(' ', errors), nameof(options));
        }

        driver.RequireTopology(options.Topology);
        if (!driver.IsSimulated && ProcessHardening.FindObjections(options.MeasuredVariables) is { Count: > 0 } objections)
        {
            throw new PlatformException(string.Join(' ', objections));
        }
    }

    private static IEnumerable<string> Mistakes(IReadOnlyList<LoadedModel> models)
    {
        string[] names = [.. models.Select(static model => model.Manifest.Name)];
        if (names.Length is 0 or > ModelSet.MaximumModels)
        {
            yield return $"An enclave has from 1 to {ModelSet.MaximumModels} models, not {names.Length}.";
        }

        foreach (string twice in names.GroupBy(static name => name).Where(static same => same.Count() > 1).Select(static same => same.Key))
        {
            yield return $"Two models have the name {twice}; give one of them another.";
        }

        foreach (string bad in names.Where(static name => !ModelSet.IsName(name)))
        {
            yield return "A model's name has from 1 to 256 characters, none of them a control character.";
        }
    }

    private LiveKeyset Current() => _ring.Current is { } current && !_stopping.IsCancellationRequested
        ? current
        : throw new EnclaveException(EnclaveFailure.Unavailable, $"The enclave has no keys: {_notReady ?? "stopped"}.");

    private async ValueTask OpenAsync(Session session, IAsyncEnumerable<ReadOnlyMemory<byte>> request, CancellationToken cancellationToken)
    {
        try
        {
            await session.OpenAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (EnclaveException exception) when (exception.Failure == EnclaveFailure.Undecryptable)
        {
            Interlocked.Increment(ref _metrics.Undecryptable);
            throw;
        }
    }

    private void Lose(string reason)
    {
        _notReady = reason;
        _ring.DestroyAll();
        _kept.Clear();
    }

    private async Task MakeKeysAsync(CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_ring.NeedsSuccessor)
            {
                await AddKeysetAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            _changing.Release();
        }
    }

    private async Task AddKeysetAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _gate.VerifyAsync(cancellationToken).ConfigureAwait(false);
            foreach (ServedModel model in _models.All.Where(static model => !model.IsTested))
            {
                await SelfTest.RunAsync(_models, model, _options, _driver.IsSimulated, _time, cancellationToken).ConfigureAwait(false);
                model.Pass();
            }
        }
        catch (Exception exception) when (exception is PlatformException or EnclaveException)
        {
            Lose(exception.Message);
            throw;
        }

        _ring.Add(_models);
        _notReady = null;
    }

    private async Task RotateAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                // Taken before the ring is looked at, so that no change in between is missed.
                Task changed = _ring.Changed;
                if (!await SleepAsync(Wait(), changed).ConfigureAwait(false))
                {
                    continue;
                }

                _ring.DestroyExpired();
                if (_ring.NeedsSuccessor)
                {
                    await MakeKeysAsync(_stopping.Token).ConfigureAwait(false);
                }
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (exception is PlatformException or EnclaveException)
            {
                // The keys are gone and the status says why; another try follows.
            }
            catch (Exception exception)
            {
                // Whatever it was, keys that cannot be replaced must not be used to their end as if nothing were wrong.
                Lose($"making keys failed: {exception.GetType().Name}");
            }
        }
    }

    private TimeSpan Wait() => _ring.NextWait ?? RetryDelay;

    /// <summary>Sleeps; false where the keys or the clock changed before the time was over.</summary>
    private async Task<bool> SleepAsync(TimeSpan wait, Task changed)
    {
        using CancellationTokenSource woken = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        Task delay = Task.Delay(wait, _time, woken.Token);
        if (wait > TimeSpan.Zero && Wait() is var left && (left == TimeSpan.Zero || wait - left > ClockJump))
        {
            // The clock was set forward before the timer ran, which would run for too long.
            changed = Task.CompletedTask;
        }

        bool slept = await Task.WhenAny(delay, changed).ConfigureAwait(false) == delay;
        await woken.CancelAsync().ConfigureAwait(false);
        _stopping.Token.ThrowIfCancellationRequested();
        return slept;
    }
}
