using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Verathos.GpuRuntime.Training.Inner;
using Verathos.Training;
using Verathos.Training.Gate;
using Verathos.Training.Judging;
using Verathos.Training.Rewards;
using Verathos.Training.Shards;

namespace Verathos.Bench.TrainingText;

/// <summary>The workers' run: rounds of assignment, inner steps, compression, judgement and outer step.</summary>
internal sealed class TextRounds
{
    private readonly TrainingTextOptions _options;
    private readonly TextCorpus _corpus;
    private readonly ModelWeights _start;
    private readonly TextObjective _objective;
    private readonly TextWorker[] _workers;
    private readonly SortedDictionary<string, int> _notTaken = new(StringComparer.Ordinal);

    /// <summary>Prepares the workers.</summary>
    public TextRounds(TrainingTextOptions options, TextCorpus corpus, ModelWeights start, InnerTrainer judge)
    {
        (_options, _corpus, _start) = (options, corpus, start);
        _objective = new TextObjective(judge, corpus.Documents);
        _workers = [.. Enumerable.Range(0, options.Workers).Select(i => new TextWorker(new WorkerKey(Derived("worker", i)), _objective.Layout))];
    }

    /// <summary>Learned tokens of all workers.</summary>
    public long Tokens => _workers.Sum(worker => worker.Tokens);

    /// <summary>Bytes of a contribution.</summary>
    public int ContributionBytes { get; private set; }

    /// <summary>Contributions that were not taken, by why.</summary>
    public IReadOnlyDictionary<string, int> NotTaken => _notTaken;

    /// <summary>Runs all rounds and gives the last model.</summary>
    public float[] Run(CancellationToken cancellationToken)
    {
        float[] model = [.. _start.Values];
        JudgeState state = JudgeState.Initial;
        JudgeSettings settings = new()
        {
            OuterRate = _options.OuterRate,
            Rewards = new RewardRule { UnitsPerNat = 1_000_000, Budget = 1_000_000 },
            HeldOut = [.. Enumerable.Range(_corpus.Assignable, _corpus.Documents.Count - _corpus.Assignable)],
            GradientTokens = _options.GradientTokens,
        };
        using RoundJudge judge = new(_objective, settings, Derived("judge", 0));
        InnerTrainer[] trainers = [.. Enumerable.Range(0, Math.Min(_options.Threads, _workers.Length)).Select(_ => new InnerTrainer(_start, _options.Settings, 1))];
        try
        {
            for (int round = 0; round < _options.Rounds; round++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                JudgeInput input = Train(round, model, trainers);
                JudgedRound judged = judge.Judge(state, input);
                foreach (WorkerVerdict verdict in judged.Verdicts.Where(verdict => verdict.Exclusion != Exclusion.None))
                {
                    string why = verdict.Exclusion == Exclusion.Gate ? $"gate: {verdict.Gate}" : verdict.Exclusion.ToString();
                    _notTaken[why] = _notTaken.GetValueOrDefault(why) + 1;
                }

                (model, state) = (judged.Weights, judged.State);
                _options.Progress?.Invoke("rounds", round + 1, _options.Rounds);
                Trace?.Invoke(round, judged);
            }
        }
        finally
        {
            foreach (InnerTrainer trainer in trainers)
            {
                trainer.Dispose();
            }
        }

        return model;
    }

    /// <summary>Sees every round; for looking at a run.</summary>
    internal Action<int, JudgedRound>? Trace { get; init; }

    private JudgeInput Train(int round, float[] model, InnerTrainer[] trainers)
    {
        byte[] beacon = Derived("beacon", round);
        int steps = _options.Rounds * _options.InnerSteps, warmup = _options.WarmupRounds * _options.InnerSteps;
        double[] rates = [.. Enumerable.Range(round * _options.InnerSteps, _options.InnerSteps).Select(step =>
            TextRates.At(step, steps, warmup, _options.Rate, _options.FinalRate))];
        byte[][] digests = [.. _corpus.Digests.Take(_corpus.Assignable)];
        int count = _options.DocumentsPerRound;
        var contributions = new JudgeContribution[_workers.Length];
        var free = new ConcurrentBag<InnerTrainer>(trainers);
        Parallel.For(0, _workers.Length, new ParallelOptions { MaxDegreeOfParallelism = trainers.Length }, i =>
        {
            TextWorker worker = _workers[i];
            int[] documents = ShardAssignment.Documents(beacon, worker.Key, (ulong)round, _corpus.Assignable, count);
            byte[] root = ShardAssignment.Root(beacon, worker.Key, (ulong)round, digests, count);
            if (!free.TryTake(out InnerTrainer? trainer))
            {
                throw new InvalidOperationException("more workers at once than trainers");
            }

            byte[] gradient = worker.Train(trainer, model, [.. documents.Select(document => _corpus.Documents[document])], _options, rates);
            free.Add(trainer);
            contributions[i] = new JudgeContribution(
                new GateCandidate { Worker = worker.Key, Gradient = gradient, ShardRoot = root, AssignedShardRoot = root }, documents);
        });
        ContributionBytes = contributions[0].Candidate.Gradient.Length;
        return new JudgeInput
        {
            Round = (ulong)round,
            Weights = model,
            Contributions = contributions,
            Assigned = contributions.SelectMany(contribution => contribution.Documents).ToHashSet(),
        };
    }

    // 32 bytes that the seed decides.
    private byte[] Derived(string what, int number)
    {
        byte[] message = [.. Encoding.ASCII.GetBytes("verathos.bench.training-text." + what), .. new byte[8]];
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(message.Length - 8), _options.Seed);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(message.Length - 4), number);
        return SHA256.HashData(message);
    }
}
