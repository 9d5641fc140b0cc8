using System.Security.Cryptography;
using Verathos.Enclave;
using Verathos.Enclave.Training;
using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;
using Verathos.Protocol.Grpc;
using Verathos.Protocol.Receipts;
using Verathos.Training;
using Verathos.Training.Compression;
using Verathos.Training.Records;
using Verathos.Training.Rounds;
using Verathos.Training.Sealing;

namespace Verathos.Host.Training;

/// <summary>
/// A worker in a run: joins with its enclave's evidence, trains its part of each round, commits, reveals, and follows the outcomes. Whatever it signs is on its disk before
/// anybody is shown anything of it, and is sent again after a stop.
/// </summary>
/// <param name="run">The run.</param>
/// <param name="store">The worker's folder.</param>
/// <param name="client">The coordinator.</param>
/// <param name="enclave">The keys and the evidence.</param>
/// <param name="trainer">The arithmetic; new.</param>
/// <param name="worker">The rounds' computation.</param>
/// <param name="address">Where validators reach this worker.</param>
/// <param name="time">The clock.</param>
/// <param name="tell">Takes a line for the owner.</param>
/// <param name="progress">Takes how many inner steps of how many are done.</param>
internal sealed class WorkerLoop(
    RunFile run, WorkerStore store, CoordinatorClient client, TrainingEnclave enclave, InnerTrainer trainer, RoundWorker worker, string address, TimeProvider time, Action<string> tell,
    Action<int, int> progress) : IDisposable
{
    private static readonly TimeSpan s_wait = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(200);
    private readonly RunChain _chain = new(run, worker.Layout, trainer.Weights.ToArray());
    private readonly SemaphoreSlim _trainer = new(1, 1);
    private StateResponse _state = new();
    private (ulong Round, RoundSettings? Settings) _settings;

    /// <summary>Rounds in which this worker does nothing.</summary>
    public IReadOnlySet<ulong> SitsOut { get; init; } = new HashSet<ulong>();

    /// <summary>Rounds that were contributed to since the start.</summary>
    public int Contributed { get; private set; }

    /// <summary>Units that outcomes gave this worker since the start.</summary>
    public ulong Units { get; private set; }

    /// <summary>Runs until the run is finished.</summary>
    /// <exception cref="TrainingException">The coordinator refuses this worker, or says something that nobody signed.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        bool joined = false;
        while (true)
        {
            if (!joined || await enclave.RenewAsync(RoundTime, cancellationToken).ConfigureAwait(false) || !IsKnown(_state))
            {
                await JoinAsync(cancellationToken).ConfigureAwait(false);
                joined = true;
                _state = new StateResponse();
            }

            // A short wait where something of this worker's own is open, so that a missed signal costs little.
            _state = await client.GetStateAsync(_state.Version, s_wait, client.Name, cancellationToken).ConfigureAwait(false);
            bool finished = _state.Phase == RunProgress.Finished;
            await SettleAsync(finished, cancellationToken).ConfigureAwait(false);
            if (finished)
            {
                return;
            }

            if (_state.Round > 0 && _state.Phase != RunProgress.Waiting && IsKnown(_state))
            {
                await ActAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Opens a step of a record for a validator whose request was checked; null where there is none to open, or not yet.</summary>
    public async Task<(byte[] Content, WorkerPacket Packet)?> OpenAsync(ulong round, ReadOnlyMemory<byte> recordDigest, int step, CancellationToken cancellationToken)
    {
        if (round == 0 || store.Packet(round) is not { } packet || !packet.Record.Digest.Span.SequenceEqual(recordDigest.Span) || step < 0 || step >= packet.Record.Steps
            || (_state.Round == round && _state.Phase is "committing" or "revealing"))
        {
            return null;
        }

        await _trainer.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            (float[] weights, WorkerState before) = store.Before(round, worker.Initial);
            OpenedStep opened = await Task.Run(() => worker.Open(weights, before, TaskOf(round), packet.Record, step, cancellationToken), cancellationToken).ConfigureAwait(false);
            return (new StepContent(opened.Opening, opened.Next, opened.Weights, opened.Optimiser, opened.Gradient).Encode(), packet);
        }
        finally
        {
            _trainer.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _trainer.Dispose();

    // A keyset that ends before the round's work is signed would be of no use for it.
    private TimeSpan RoundTime => TimeSpan.FromSeconds(Math.Min(1800, run.Rounds.CommitSeconds + run.Rounds.RevealSeconds + run.Rounds.OutcomeSeconds + 30));

    private bool IsKnown(StateResponse state) => state.Version == 0 || state.KeysetDigest.Span.SequenceEqual(enclave.Keyset.Digest.Span);

    private RoundTask TaskOf(ulong round) => new()
    {
        Round = round,
        Beacon = run.BeaconOf(round),
        Documents = run.Work.Documents,
        Rows = run.Work.Rows,
        Length = run.Work.Length,
        Rates = run.Work.Rates(round, run.Rounds.Count),
        Compression = (GradientBits)run.Work.Bits,
    };

    private async Task JoinAsync(CancellationToken cancellationToken)
    {
        for (int attempt = 0; ; attempt++)
        {
            byte[] nonce = await client.GetNonceAsync(cancellationToken).ConfigureAwait(false);
            byte[] evidence = await enclave.GetEvidenceAsync(nonce, cancellationToken).ConfigureAwait(false);
            JoinResponse response = await client.JoinAsync(nonce, evidence, address, cancellationToken).ConfigureAwait(false);
            if (response.Reply == nameof(JoinReply.Joined))
            {
                return;
            }

            // A coordinator that was started again in between does not know its predecessor's nonce, and an answer that was lost used one up.
            if (response.Reply != nameof(JoinReply.Nonce) || attempt >= 4)
            {
                throw new TrainingException($"The coordinator does not take this worker: {response.Reply}{(response.Detail.Length > 0 ? $" ({response.Detail})" : "")}.");
            }
        }
    }

    private async Task SettleAsync(bool finished, CancellationToken cancellationToken)
    {
        ulong latest = store.LatestRound;
        if (latest == 0 || store.IsSettled(latest) || (_state.Round <= latest && !finished))
        {
            return;
        }

        bool taken = false;
        if (await client.GetOutcomeAsync(latest, cancellationToken).ConfigureAwait(false) is var (statement, _))
        {
            TrainingOutcome outcome = _chain.Read(statement) ?? throw new TrainingException($"The outcome of round {latest} is not signed by a validator of the run.");
            if (outcome.Verdicts.FirstOrDefault(verdict => verdict.Worker.Span.SequenceEqual(worker.Worker.Bytes)) is { } own && outcome.Round == latest)
            {
                taken = true;
                Contributed++;
                Units += own.Units;
                tell(FormattableString.Invariant($"round {latest}: {own.Verdict}, impact {own.Impact:G4}, {own.Units} units"));
            }
        }

        if (!taken)
        {
            tell($"round {latest} went without this worker: the next one starts from the state before it");
        }

        store.Settle(latest, taken);
    }

    private async Task ActAsync(CancellationToken cancellationToken)
    {
        ulong round = _state.Round;
        if (SitsOut.Contains(round))
        {
            return;
        }

        if (_settings.Round != round)
        {
            _settings = (round, await client.GetRoundAsync(round, run.RoundValidators, cancellationToken).ConfigureAwait(false));
        }

        if (_settings.Settings is not { } settings || settings.Members.FirstOrDefault(member => member.Worker == worker.Worker) is not { } self)
        {
            return;
        }

        if (_state.Phase == "committing" && !_state.HasCommitted)
        {
            if ((store.LatestRound == round ? store.Packet(round) : null) is not { } packet)
            {
                float[] weights = await _chain.BaseAsync(client, settings, _state.OutcomeRound, cancellationToken).ConfigureAwait(false);
                packet = await TrainAsync(settings, weights, cancellationToken).ConfigureAwait(false);
            }

            if (packet is not null)
            {
                RoundReply reply = await client.CommitAsync(round, TrainingCommitment.Compute(worker.Worker, round, packet.Salt.Span, packet.Message.Span), cancellationToken).ConfigureAwait(false);
                Heed(reply, "commitment", round);
            }
        }
        else if (_state.Phase == "revealing" && _state.HasCommitted && !_state.HasRevealed && store.LatestRound == round && store.Packet(round) is { } packet)
        {
            ReadOnlyMemory<byte>[] links = [.. store.Records(self.LastCounter).Where(record => record.Record.Counter < packet.Record.Counter).Select(static record => (ReadOnlyMemory<byte>)record.Message)];
            RoundReply reply = await client.RevealAsync(round, packet.Salt, packet.Message, packet.SealedGradient, links, cancellationToken).ConfigureAwait(false);
            Heed(reply, "reveal", round);
        }
    }

    private void Heed(RoundReply reply, string what, ulong round)
    {
        if (reply is not (RoundReply.Taken or RoundReply.TakenBefore))
        {
            tell($"the {what} of round {round} was not taken: {reply}");
        }

        // Whatever it was, the same again at once would be answered the same.
        if (reply is not (RoundReply.Taken or RoundReply.TakenBefore or RoundReply.TooLate or RoundReply.TooEarly))
        {
            throw new TrainingException($"The coordinator refuses the {what} of round {round}: {reply}.");
        }
    }

    private async Task<WorkerPacket?> TrainAsync(RoundSettings settings, float[] weights, CancellationToken cancellationToken)
    {
        ulong round = settings.Round;
        await _trainer.WaitAsync(cancellationToken).ConfigureAwait(false);
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using CancellationTokenSource done = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task watch = WatchAsync(round, over, done.Token);
        try
        {
            (float[] start, WorkerState before) = store.LatestRound == round ? store.Before(round, worker.Initial) : (weights, store.Current(worker.Initial));
            store.Begin(round, start, before);
            RoundWork work = await Task.Run(
                () => worker.Run(start, before, store.Head(), TaskOf(round), new Steps(this, round), over.Token), CancellationToken.None).ConfigureAwait(false);
            SealSubject subject = new(SealSubject.Gradient, run.Id, worker.Worker, round, SHA256.HashData(work.Record));
            byte[] box = GradientSeal.Seal(work.Gradient, subject, [.. run.RoundValidators.Select(static validator => validator.SealKey)]);
            WorkerPacket packet = new(RandomNumberGenerator.GetBytes(TrainingCommitment.SaltSize), work.Record, box, enclave.Keyset, work.Claims);
            store.Keep(round, work.After, work.State, packet);
            return packet;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            tell($"round {round} closed before its steps were done");
            return null;
        }
        catch (EnclaveException exception)
        {
            throw new TrainingException($"The enclave does not sign: {exception.Message}", exception);
        }
        finally
        {
            await done.CancelAsync().ConfigureAwait(false);
            await watch.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _trainer.Release();
        }
    }

    // Training for a round that is over would be for nothing.
    private async Task WatchAsync(ulong round, CancellationTokenSource over, CancellationToken done)
    {
        ulong version = _state.Version;
        while (!done.IsCancellationRequested)
        {
            StateResponse state = await client.GetStateAsync(version, s_wait, default, done).ConfigureAwait(false);
            version = state.Version;
            if (state.Round != round || state.Phase != "committing")
            {
                await over.CancelAsync().ConfigureAwait(false);
                return;
            }

            await Task.Delay(s_poll, time, done).ConfigureAwait(false);
        }
    }

    private sealed class Steps(WorkerLoop loop, ulong round) : IProgress<InnerProgress>
    {
        public void Report(InnerProgress value) => loop.Report(round, value);
    }

    private void Report(ulong round, InnerProgress step) => progress((int)Math.Min(int.MaxValue, ((long)(round - 1) * step.Steps) + step.Step), (int)Math.Min(int.MaxValue, (long)run.Rounds.Count * step.Steps));
}
