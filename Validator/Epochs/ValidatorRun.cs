using System.Security.Cryptography;
using Verathos.Validator.Canaries;
using Verathos.Validator.Configuration;
using Verathos.Validator.State;

namespace Verathos.Validator.Epochs;

/// <summary>
/// Runs epochs: begins one as soon as the one before no longer sends canaries, makes what is due, and closes each when its last audit ended. All
/// that it does is in the state; it may be killed at any point and goes on from there.
/// </summary>
/// <param name="services">The validator.</param>
/// <param name="log">Takes one line for the owner; no secrets.</param>
public sealed class ValidatorRun(ValidatorServices services, Action<string> log)
{
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(500);
    private readonly ValidatorState _state = services.State;
    private readonly TimeProvider _clock = services.Clock;
    private readonly Dictionary<string, Task> _running = [];

    private ValidatorConfiguration Configuration => services.Folder.Configuration;

    /// <summary>Runs so many epochs, those under way included, and ends when all are closed.</summary>
    /// <param name="epochs">How many; null goes on until it is stopped.</param>
    /// <param name="cancellationToken">Stops; what is under way is gone on with at the next start.</param>
    /// <exception cref="StateException">The evidence that the state keeps is not what its outcomes add up to.</exception>
    public async Task RunAsync(long? epochs, CancellationToken cancellationToken)
    {
        services.Log = log;
        CheckEvidence();
        (int canaries, int challenges, int audits) = _state.Recover(_clock.GetUtcNow());
        if (canaries + challenges + audits > 0)
        {
            log($"gone on after a stop: {canaries} canaries given up, {challenges} challenges and {audits} audits made anew");
        }

        services.Close.Recover();
        long begun = _state.Epochs().Count(static epoch => epoch.EndedAt is null);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if ((epochs is null || begun < epochs) && IsNextDue())
                {
                    await BeginAsync(cancellationToken).ConfigureAwait(false);
                    begun++;
                }

                await CollectAsync().ConfigureAwait(false);
                Dispatch(stop.Token);
                Close();
                if (epochs is not null && begun >= epochs && _running.Count == 0 && _state.Epochs().All(static epoch => epoch.EndedAt is not null))
                {
                    return;
                }

                await WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            // Nothing may touch the state once this has returned.
            await stop.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(_running.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private bool IsNextDue() => _state.LatestEpoch == 0 || _state.Epoch(_state.LatestEpoch) is not { } latest || _clock.GetUtcNow() >= latest.EndsAt;

    private async Task BeginAsync(CancellationToken cancellationToken)
    {
        long number = _state.LatestEpoch + 1;
        foreach (string path in await Task.Run(() => services.MakeKeys(number), cancellationToken).ConfigureAwait(false))
        {
            log($"keys for epoch {number}: {Path.GetFileName(path)}, {new FileInfo(path).Length} bytes");
        }

        services.RequireKeys(number);
        EpochRow epoch = await services.Start.BeginAsync(cancellationToken).ConfigureAwait(false);
        log($"epoch {epoch.Number} begins: {_state.Canaries(epoch.Number).Count} canaries for {EpochPlan.Parse(epoch.Plan).Nodes.Count} nodes; the seed of its audits is committed to by {Convert.ToHexStringLower(epoch.Commitment)}");
    }

    private void Dispatch(CancellationToken stop)
    {
        DateTimeOffset now = _clock.GetUtcNow();
        foreach (ChallengeRow challenge in _state.DueChallenges(now, Configuration.Parallel))
        {
            Begin($"challenge {challenge.Id}", () => services.Challenger.ChallengeAsync(challenge, stop));
        }

        // Audits first: their windows close.
        foreach (AuditRow audit in _state.DueAudits(now, Configuration.Parallel))
        {
            Begin($"audit {Convert.ToHexString(audit.Canary)}", () => services.Auditor.AuditAsync(audit, stop));
        }

        foreach (CanaryRow canary in _state.DueCanaries(now, Configuration.Parallel + _running.Count))
        {
            // What is sent long after its time would come in a heap with others, which no organic request does.
            TimeSpan patience = LateCanary.Patience(Configuration.EpochSeconds);
            if (now - canary.DueAt > patience)
            {
                // Nothing need follow from the plan's secret here: a time that was drawn anew is in the state.
                using CanaryRandom random = new(RandomNumberGenerator.GetBytes(32), "verathos.late-canary.v1"u8);
                if (LateCanary.Redraw(canary, _state.Epoch(canary.Epoch)!.EndsAt, now, patience, services.Corpus.Arrivals, random) is { } due)
                {
                    _state.MoveCanary(canary.Id, due);
                }
                else
                {
                    _state.SkipCanary(canary, now, "validator.late");
                }

                continue;
            }

            Begin($"canary {Convert.ToHexString(canary.Id)}", async () =>
            {
                await services.Sender.SendAsync(canary, stop).ConfigureAwait(false);
                if (canary.ReplicaGroup is not null)
                {
                    services.Replicas.Vote(canary.Epoch);
                }
            });
        }
    }

    private void Begin(string name, Func<Task> work)
    {
        if (_running.Count < Configuration.Parallel && !_running.ContainsKey(name))
        {
            _running.Add(name, Task.Run(work));
        }
    }

    private async Task CollectAsync()
    {
        foreach ((string name, Task task) in _running.Where(static pair => pair.Value.IsCompleted).ToList())
        {
            _running.Remove(name);
            await task.ConfigureAwait(false);
        }
    }

    private void Close()
    {
        DateTimeOffset now = _clock.GetUtcNow();
        foreach (EpochRow epoch in _state.Epochs().Where(epoch => epoch.EndedAt is null && now >= epoch.EndsAt && _state.OpenWork(epoch.Number) == 0))
        {
            // A canary that is on its way out of a check of its node's evidence is still planned, so that nothing can run now.
            if (services.Close.Close(epoch.Number) is { } line)
            {
                log(line);
            }
        }
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        Task pause = Task.Delay(s_tick, _clock, cancellationToken);
        await Task.WhenAny([pause, .. _running.Values]).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
    }

    private void CheckEvidence()
    {
        foreach (NodeRow node in _state.Nodes())
        {
            if (_state.Recompute(node.Id) != node.Evidence)
            {
                throw new StateException($"the evidence against {node.Name} is not what its outcomes add up to: the state was changed by something else; restore it from a copy");
            }
        }
    }
}
