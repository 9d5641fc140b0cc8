using System.Diagnostics;
using System.Security.Cryptography;
using Verathos.GpuRuntime.Training.Inner;
using Verathos.Training;
using Verathos.Training.Rounds;
using Verathos.Training.Sealing;
using Verathos.Validator.State;
using Verathos.Validator.Training;

namespace Verathos.Host.Training;

/// <summary>What a validator asks of each worker before its contribution counts: that its record follows the last one, and that a step drawn at random is what it says.</summary>
internal sealed class WorkerAudits(
    RunMaterial material, CoordinatorClient client, ValidatorKeys keys, TrainingLedger ledger, WorkerChains chains, EquivocationFolder proofs, RecordHeads heads, InnerTrainer trainer,
    int mostBytes, TimeProvider time, Action<string> tell)
{
    private readonly StepAudit _audit = new(trainer);

    /// <summary>Steps that were replayed since the start.</summary>
    public int Replays { get; private set; }

    /// <summary>What is wrong with reveals, by worker: what was wrong already, and what is found now. Every vouched record's chain is followed; steps of those without fault are replayed.</summary>
    public async Task<Dictionary<WorkerKey, string>> FaultsAsync(long epoch, RoundSettings settings, IReadOnlyList<ReadReveal> reveals, CancellationToken cancellationToken)
    {
        Dictionary<WorkerKey, string> faults = reveals.Where(static reveal => reveal.Fault is not null).ToDictionary(static reveal => reveal.Contribution.Worker, static reveal => reveal.Fault!);
        foreach (ReadReveal reveal in reveals.Where(static reveal => reveal.IsVouched))
        {
            if (await FollowAsync(epoch, settings, reveal, cancellationToken).ConfigureAwait(false) is { } fault)
            {
                faults[reveal.Contribution.Worker] = fault;
            }
        }

        foreach (ReadReveal reveal in reveals.Where(reveal => !faults.ContainsKey(reveal.Contribution.Worker)))
        {
            if (!ledger.IsTrusted(reveal.Contribution.Worker))
            {
                faults[reveal.Contribution.Worker] = "quarantined";
            }
            else if (await ReplayAsync(epoch, settings, reveal, cancellationToken).ConfigureAwait(false) is { } caught)
            {
                faults[reveal.Contribution.Worker] = caught;
            }
        }

        return faults;
    }

    private async Task<string?> FollowAsync(long epoch, RoundSettings settings, ReadReveal reveal, CancellationToken cancellationToken)
    {
        WorkerKey worker = reveal.Contribution.Worker;
        string? fault = await chains.TakeAsync(settings, worker, reveal.Shown, reveal.Links, cancellationToken).ConfigureAwait(false);
        if (fault == WorkerChains.Equivocation && ledger.IsTrusted(worker))
        {
            ledger.Equivocated(epoch, ledger.Worker(worker, reveal.Address, epoch), "the worker's enclave signed two histories of the run", Path.GetFileName(proofs.PathOf(worker)));
            tell($"worker {worker.ToString()[..12]} signed two histories: the proof is {proofs.PathOf(worker)}");
        }

        return fault;
    }

    private async Task<string?> ReplayAsync(long epoch, RoundSettings settings, ReadReveal reveal, CancellationToken cancellationToken)
    {
        RoundContribution contribution = reveal.Contribution;
        if (ledger.Draw(epoch, contribution.Worker, settings.Round, contribution.Record.Steps, material.Run.Judging.ReplayShare) is not { } step)
        {
            return null;
        }

        ReplayRow replay = ledger.Plan(epoch, ledger.Worker(contribution.Worker, reveal.Address, epoch), settings.Round, step, contribution.Record.Digest);
        if (replay.State != WorkState.Ended)
        {
            ledger.Ask(replay);
            (WorkEnd end, long bytes, TimeSpan judged) = await AskAsync(settings, reveal, replay, cancellationToken).ConfigureAwait(false);
            ledger.End(replay, end, bytes, judged);
            Replays++;
            tell($"round {settings.Round}: step {step} of {contribution.Worker.ToString()[..12]} computed again: {end.Result.ToString().ToLowerInvariant()}{(end.Reason is { } reason ? $" ({reason})" : "")}");
            return end.Result == WorkResult.Failed ? end.Reason : null;
        }

        return replay.Result == WorkResult.Failed ? replay.Reason : null;
    }

    private async Task<(WorkEnd End, long Bytes, TimeSpan Judged)> AskAsync(RoundSettings settings, ReadReveal reveal, ReplayRow replay, CancellationToken cancellationToken)
    {
        RoundContribution contribution = reveal.Contribution;
        (byte[]? box, string why) = await StepClient.AskAsync(
            reveal.Address, client, contribution.Worker, settings.Round, contribution.Record.Digest, replay.Step, GradientSeal.MostBytes(mostBytes, 1), TimeSpan.FromSeconds(material.Run.Judging.ReplaySeconds), time,
            cancellationToken).ConfigureAwait(false);
        if (box is null)
        {
            return (ledger.Lost(replay, why, material.Run.Judging.LostReplays), 0, TimeSpan.Zero);
        }

        SealSubject subject = new(SealSubject.Step, material.Run.Id, contribution.Worker, settings.Round, SHA256.HashData(contribution.Message.Span));
        SealError error = GradientSeal.Open(box, subject, keys.Seal, mostBytes, out byte[]? content);
        if (error != SealError.None)
        {
            return (StepAudit.Caught("step.seal", $"what was shown does not open ({error})"), box.Length, TimeSpan.Zero);
        }

        long begun = Stopwatch.GetTimestamp();
        ReplayedWork work = new()
        {
            Documents = [.. material.Assigned(settings, contribution.Worker).Select(document => material.Documents[document])],
            Rows = material.Run.Work.Rows,
            Length = material.Run.Work.Length,
            Rates = material.Run.Work.Rates(settings.Round, material.Run.Rounds.Count),
            OptimiserBefore = heads.StateBefore(contribution.Record),
        };
        WorkEnd end = await Task.Run(() => _audit.Judge(contribution.Record, work, replay.Step, content), cancellationToken).ConfigureAwait(false);
        return (end, box.Length, Stopwatch.GetElapsedTime(begun));
    }
}
