using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Verathos.Enclave;
using Verathos.Host.Configuration;
using Verathos.Host.Limits;
using Verathos.Host.Logs;

namespace Verathos.Host.Health;

/// <summary>
/// Whether the node can serve: the enclave says so, evidence was had lately for a nonce of the front's own, and the node is
/// not stopping. Asked for, not polled: an answer is reused for a short while.
/// </summary>
internal sealed class Readiness : IDisposable
{
    private static readonly TimeSpan StatusAge = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan EvidenceAge = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly IEnclave _enclave;
    private readonly Admission _admission;
    private readonly TimeSpan _patience;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private State? _last;
    private (DateTimeOffset At, ReadOnlyMemory<byte> Keyset)? _evidence;
    private string? _logged;

    public Readiness(IEnclave enclave, Admission admission, NodeConfiguration configuration, TimeProvider time, ILogger logger)
    {
        Simulated = configuration.Tee == "simulated" ? true : null;
        (_enclave, _admission, _time, _logger) = (enclave, admission, time, logger);
        _patience = TimeSpan.FromSeconds(configuration.Timeouts.EvidenceSeconds);
    }

    /// <summary>Whether evidence is simulated, as the configuration or the enclave says; null while neither has said.</summary>
    public bool? Simulated { get; private set; }

    /// <summary>The state now, at most <see cref="StatusAge"/> old.</summary>
    public async Task<State> CheckAsync(CancellationToken cancellationToken)
    {
        State state = _last is { } recent && _time.GetUtcNow() - recent.At < StatusAge ? recent : await RefreshAsync(cancellationToken).ConfigureAwait(false);
        return _admission.Draining ? state with { Ready = false, Reason = "stopping" } : state;
    }

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    private async Task<State> RefreshAsync(CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_last is { } recent && _time.GetUtcNow() - recent.At < StatusAge)
            {
                return recent;
            }

            using CancellationTokenSource patience = new(_patience, _time);
            using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
            State state = await AskAsync(either.Token, cancellationToken).ConfigureAwait(false);
            Log(state);
            return _last = state;
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task<State> AskAsync(CancellationToken patience, CancellationToken cancellationToken)
    {
        EnclaveStatus? status = null;
        try
        {
            status = await _enclave.GetStatusAsync(patience).ConfigureAwait(false);
            // An enclave that is away says nothing of itself.
            Simulated = status.Ready ? status.Simulated : Simulated;
            if (!status.Ready)
            {
                return new State(_time.GetUtcNow(), false, status.NotReadyReason ?? "the enclave is not ready", status);
            }

            if (_evidence is not { } evidence || _time.GetUtcNow() - evidence.At >= EvidenceAge
                || !evidence.Keyset.Span.SequenceEqual(status.KeysetDigest.Span))
            {
                await _enclave.GetEvidenceAsync(RandomNumberGenerator.GetBytes(32), patience).ConfigureAwait(false);
                _evidence = (_time.GetUtcNow(), status.KeysetDigest);
            }

            return new State(_time.GetUtcNow(), true, null, status);
        }
        catch (EnclaveException failure)
        {
            string reason = (status, failure.Failure) switch
            {
                (not null, _) => $"no evidence: {failure.Failure}",
                (_, EnclaveFailure.ConnectionLost) => "the enclave process does not answer",
                (_, EnclaveFailure.Unavailable) => "the enclave is starting",
                _ => $"no status: {failure.Failure}",
            };
            return new State(_time.GetUtcNow(), false, reason, status);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new State(_time.GetUtcNow(), false, status is null ? "the enclave does not answer in time" : "no evidence in time", status);
        }
    }

    private void Log(State state)
    {
        string now = state.Ready ? "ready" : state.Reason ?? "not ready";
        if (now == _logged)
        {
            return;
        }

        _logged = now;
        if (state is { Ready: true, Status: { } status })
        {
            FrontLog.Ready(_logger, status.Model, status.Tee, status.Topology, status.Simulated);
        }
        else
        {
            FrontLog.NotReady(_logger, now);
        }
    }

    /// <summary>What was found, and when.</summary>
    internal sealed record State(DateTimeOffset At, bool Ready, string? Reason, EnclaveStatus? Status);
}
