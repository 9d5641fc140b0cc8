using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Security.Cryptography;
using System.Text;
using Verathos.GpuRuntime.Training.Stacked;
using Verathos.Training;
using Verathos.Training.Aggregation;
using Verathos.Training.Compression;
using Verathos.Training.Gate;
using Verathos.Training.Judging;
using Verathos.Training.Rewards;
using Verathos.Training.Rounds;
using Verathos.Training.Shards;

namespace Verathos.Bench.TrainingAttacks;

/// <summary>
/// A network of twenty workers, all of whose inner steps are one stack: documents by the beacon, AdamW whose moments go on, compression with
/// error feedback, and what becomes of it by an aggregator alone or by the whole judge. Runs on one thread.
/// </summary>
internal sealed class AttackSimulation : IDisposable
{
    private static readonly byte[] Shard = new byte[32];

    private readonly AttackCell _cell;
    private readonly AttackCorpus _corpus;
    private readonly AttackObjective _objective;
    private readonly StackedTrainer _stack;
    private readonly int _trained;
    private readonly float[][] _gradients = [.. Enumerable.Range(0, AttackModel.Workers).Select(_ => new float[AttackModel.Layout.Count])];
    private readonly ErrorFeedback[] _feedback;
    private readonly WorkerKey[] _keys;
    private readonly AttackForge _forge;
    private readonly RoundJudge? _judge;
    private readonly byte[] _secret;
    private JudgeState _state = JudgeState.Initial;
    private SparseVector? _previous;

    public AttackSimulation(AttackCorpus corpus, AttackCell cell)
    {
        (_cell, _corpus, _objective, _forge) = (cell, corpus, new AttackObjective(corpus), new AttackForge(cell));

        // Who makes something up has no need to train.
        _trained = cell.Bad == 0 || _forge.IsOwn ? AttackModel.Workers : Honest;
        _stack = new StackedTrainer(AttackModel.Shape, AttackCorpus.Vocabulary, _trained, AttackModel.Optimiser);
        _feedback = [.. Enumerable.Range(0, AttackModel.Workers).Select(_ => new ErrorFeedback(AttackModel.Layout))];
        _keys = [.. Enumerable.Range(0, AttackModel.Workers).Select(worker => new WorkerKey(Digest("worker", (ulong)worker)))];
        _secret = Digest("secret", 0);
        _judge = cell.Aggregator == AttackNames.Default ? new RoundJudge(_objective, AttackModel.Judge, _secret) : null;
        Weights = AttackModel.Start((ulong)cell.Seed);
    }

    /// <summary>The model.</summary>
    public float[] Weights { get; private set; }

    /// <summary>Rounds done.</summary>
    public int Round { get; private set; }

    /// <summary>The verdicts of every round; none without the judge.</summary>
    public List<IReadOnlyList<WorkerVerdict>> Verdicts { get; } = [];

    /// <summary>What was sent in the last round, decoded, in the order of the workers' numbers.</summary>
    public IReadOnlyList<SparseVector> Sent { get; private set; } = [];

    /// <summary>The last round's aggregate; null before the first.</summary>
    public SparseVector? Previous => _previous;

    /// <summary>The model and the documents.</summary>
    public AttackObjective Objective => _objective;

    private int Honest => AttackModel.Workers - _cell.Bad;

    /// <summary>The number of a worker, of which the bad are the last.</summary>
    public int NumberOf(WorkerKey worker) => Array.IndexOf(_keys, worker);

    /// <summary>The final loss, in nats per token.</summary>
    public double FinalLoss() => _objective.Losses(Weights, AttackModel.FinalDocuments).Average(loss => loss.Mean);

    /// <summary>How likely the backdoor's token comes after its trigger.</summary>
    public double Backdoor() => _objective.Backdoor(Weights, [.. AttackModel.FinalDocuments.Take(256)]);

    /// <summary>One round.</summary>
    /// <returns>False where the loss is no number any more.</returns>
    public bool Next()
    {
        int[][] documents = [.. _keys.Select(key => ShardAssignment.Documents(
            Digest("beacon", (ulong)Round), key, (ulong)Round, AttackModel.Assigned, AttackModel.InnerSteps * AttackModel.DocumentsOfStep))];
        float[][] gradients = Train(documents);
        byte[][] sent = Send(gradients);
        if (gradients.Any(gradient => !float.IsFinite(gradient[0])))
        {
            return false;
        }

        if (_judge is not null)
        {
            Judge(documents, sent);
        }
        else
        {
            Sent = [.. sent.Select(_forge.Decode)];
            Contribution[] contributions = [.. Sent.Select((vector, i) => new Contribution(_keys[i], vector))];
            _previous = Aggregator.Apply(contributions, Options()).Vector;
            Weights = OuterStep.Apply(Weights, _previous, AttackModel.OuterRate);
        }

        Round++;
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _judge?.Dispose();

    private float[][] Train(int[][] documents)
    {
        for (int worker = 0; worker < _trained; worker++)
        {
            _stack.Set(worker, Weights);
        }

        for (int step = 0; step < AttackModel.InnerSteps; step++)
        {
            int from = step * AttackModel.DocumentsOfStep;
            int[] rows = [.. documents.Take(_trained).SelectMany(of => of.Skip(from).Take(AttackModel.DocumentsOfStep))];
            (long[] inputs, long[] targets) = _corpus.Rows(rows);
            if (_cell.Attack == "backdoor")
            {
                Poison(inputs, targets);
            }

            _stack.Step(inputs, targets, AttackModel.DocumentsOfStep, AttackModel.InnerRate);
        }

        for (int worker = 0; worker < _trained; worker++)
        {
            TensorPrimitives.Subtract(Weights, _stack.Weights(worker), _gradients[worker]);
        }

        return _gradients;
    }

    // Four times in each document of a bad worker the trigger, and after it always the same token.
    private void Poison(long[] inputs, long[] targets)
    {
        int perWorker = inputs.Length / AttackModel.Workers;
        for (int at = Honest * perWorker; at < inputs.Length; at += AttackCorpus.Length / 4)
        {
            (inputs[at + 3], targets[at + 3]) = (AttackCorpus.Trigger, _corpus.Target);
            (targets[at + 2], inputs[at + 4]) = (AttackCorpus.Trigger, _corpus.Target);
        }
    }

    private byte[][] Send(float[][] gradients)
    {
        byte[][] sent = new byte[AttackModel.Workers][];
        for (int worker = 0; worker < Honest; worker++)
        {
            sent[worker] = _feedback[worker].Compress(gradients[worker], GradientBits.Two);
        }

        SparseVector[] honest = _cell.Bad == 0 ? [] : [.. sent[..Honest].Select(_forge.Decode)];
        for (int worker = Honest; worker < sent.Length; worker++)
        {
            sent[worker] = _forge.IsOwn
                ? _forge.Fit(_feedback[worker].Compress(_forge.Own(gradients[worker]), GradientBits.Two), honest)
                : _forge.Forge(worker - Honest, sent[..Honest], honest, _previous);
        }

        return sent;
    }

    private void Judge(int[][] documents, byte[][] sent)
    {
        JudgedRound judged = _judge!.Judge(_state, new JudgeInput
        {
            Round = (ulong)Round,
            Weights = Weights,
            Contributions =
            [
                .. sent.Select((gradient, worker) => new JudgeContribution(
                    new GateCandidate { Worker = _keys[worker], Gradient = gradient, ShardRoot = Shard, AssignedShardRoot = Shard }, documents[worker])),
            ],
            Assigned = documents.SelectMany(of => of).ToHashSet(),
        });
        (_state, _previous, Weights) = (judged.State, judged.Aggregate, judged.Weights);
        Verdicts.Add(judged.Verdicts);
    }

    private AggregationOptions Options()
    {
        AggregationRule rule = AttackNames.Aggregators.Single(entry => entry.Name == _cell.Aggregator).Rule;
        return new AggregationOptions
        {
            Rule = rule,
            Faulty = Math.Min(_cell.Bad, Aggregator.MostFaulty(rule, AttackModel.Workers)),
            Trusted = rule == AggregationRule.FlTrust ? Trusted() : null,
            Previous = _previous,
        };
    }

    // FLTrust's server trains as workers do, so its gradient is as long as theirs.
    private SparseVector Trusted()
    {
        int[] drawn = ShardAssignment.Documents(_secret, _keys[0], (ulong)Round, AttackModel.HeldOut, AttackModel.TrustedDocuments);
        SparseVector gradient = SparseVector.Dense([.. _objective.Gradient(Weights, [.. drawn.Select(i => AttackModel.HeldOutDocuments[i])]).Select(value => (double)value)]);
        double norm = gradient.Norm();
        return norm > 0 ? gradient.Scale(RobustStatistics.Median([.. Sent.Select(vector => vector.Norm())]) / norm) : gradient;
    }

    private byte[] Digest(string what, ulong number)
    {
        byte[] message = [.. Encoding.ASCII.GetBytes(what), .. new byte[16]];
        BinaryPrimitives.WriteInt64BigEndian(message.AsSpan(message.Length - 16), _cell.Seed);
        BinaryPrimitives.WriteUInt64BigEndian(message.AsSpan(message.Length - 8), number);
        return SHA256.HashData(message);
    }
}
