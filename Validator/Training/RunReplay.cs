using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;
using Verathos.Protocol.Receipts;
using Verathos.Training;
using Verathos.Training.Compression;
using Verathos.Training.Records;
using Verathos.Training.Rounds;
using Verathos.Training.Shards;

namespace Verathos.Validator.Training;

/// <summary>Computes steps of a local run again and compares them with what was recorded.</summary>
/// <param name="recipe">The recipe.</param>
/// <param name="text">Its text.</param>
/// <param name="encoder">Its tokeniser.</param>
/// <param name="trainer">The arithmetic.</param>
/// <param name="records">The records.</param>
/// <param name="steps">Each record's steps.</param>
internal sealed class RunReplay(
    TrainingRecipe recipe, RecipeText text, DocumentEncoder encoder, InnerTrainer trainer, IReadOnlyList<TrainingRecord> records, IReadOnlyList<IReadOnlyList<TrainingStep>> steps)
{
    private readonly GradientLayout _layout = new([.. trainer.Layout.Tensors.Select(static tensor => new GradientTensor(tensor.Name, tensor.Rows, tensor.Columns))]);
    private readonly byte[] _digest = Convert.FromHexString(recipe.Digest());

    /// <summary>The number of the round in which a step lies, from 0.</summary>
    public int RoundOf(int step) => step / recipe.Optimiser.StepsPerRound;

    /// <summary>Goes from a state to a step and compares every step on the way: loss, weights, state and gradient, bit for bit, and what it made.</summary>
    /// <param name="rounds">The rounds that were done at the state.</param>
    /// <param name="state">The state.</param>
    /// <param name="step">The step, from 0, at or after the state.</param>
    /// <param name="progress">Told how many of how many steps are done.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Steps that were compared.</returns>
    /// <exception cref="TrainingMismatchException">A step is not the recorded one.</exception>
    public int Follow(int rounds, TrainingState state, int step, Action<int, int> progress, CancellationToken cancellationToken)
    {
        trainer.SetWeights(state.Weights);
        trainer.SetState(state.Optimiser!);
        int first = recipe.Optimiser.StepsBefore(rounds), done = 0;
        for (int round = rounds; round <= RoundOf(step); round++)
        {
            OrderedBatches batches = Batches(round);
            double[] rates = recipe.Optimiser.Rates(round);
            float[] start = trainer.Weights.ToArray();
            int last = Math.Min(rates.Length - 1, step - recipe.Optimiser.StepsBefore(round));
            for (int number = 0; number <= last; number++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                string where = $"step {recipe.Optimiser.StepsBefore(round) + number} (round {round + 1}, step {number})";
                Require(Before(number), steps[round][number], where, "before");
                StepResult result = trainer.Step(batches.Next(), rates[number]);
                TrainingStep claimed = steps[round][number];
                if (BitConverter.SingleToInt32Bits((float)result.Loss) != BitConverter.SingleToInt32Bits(claimed.Loss))
                {
                    throw new TrainingMismatchException($"{where}: the recorded loss is {claimed.Loss:R}, computed again it is {(float)result.Loss:R}");
                }

                if (!TrainingRoots.OfDenseGradient(_layout, trainer.LastGradient).AsSpan().SequenceEqual(claimed.GradientRoot.Span))
                {
                    throw new TrainingMismatchException($"{where}: the gradient is not the recorded one");
                }

                if (number + 1 < rates.Length)
                {
                    Require(Before(number), steps[round][number + 1], where, "behind");
                }

                progress(++done, step - first + 1);
            }

            if (last == rates.Length - 1)
            {
                RequireEnd(round, start);
            }
        }

        return done;
    }

    /// <summary>Computes the gradient of the step after a state.</summary>
    /// <returns>Its relative distance to the kept gradient, and that of the losses.</returns>
    public (double Gradient, double Loss) Compare(int rounds, TrainingState state)
    {
        trainer.SetWeights(state.Weights);
        trainer.SetState(state.Optimiser!);
        StepResult result = trainer.Gradient(Batches(rounds).Next());
        double recorded = steps[rounds][0].Loss;
        return (StepReplay.Distance(state.Gradient!, trainer.LastGradient), Math.Abs(recorded - result.Loss) / Math.Max(Math.Abs(result.Loss), float.Epsilon));
    }

    private OrderedBatches Batches(int round)
    {
        WorkerKey worker = LocalRounds.Worker(_digest);
        byte[] beacon = LocalRounds.Beacon(_digest, (ulong)round + 1);
        int[] assigned = ShardAssignment.Documents(beacon, worker, (ulong)round + 1, text.Documents.Count, recipe.Optimiser.DocumentsPerRound);
        return new OrderedBatches([.. assigned.Select(document => encoder.Encode(text.Documents[document]))], recipe.Optimiser.Rows, recipe.Optimiser.Length);
    }

    private TrainingStep Before(int number) =>
        new(number, TrainingRoots.OfModel(_layout, trainer.Weights), TrainingRoots.OfOptimiser(trainer.GetState()), default, 0);

    private static void Require(TrainingStep computed, TrainingStep claimed, string where, string when)
    {
        if (!computed.ModelRoot.Span.SequenceEqual(claimed.ModelRoot.Span))
        {
            throw new TrainingMismatchException($"{where}: the weights {when} it are not the recorded ones");
        }

        if (!computed.OptimiserRoot.Span.SequenceEqual(claimed.OptimiserRoot.Span))
        {
            throw new TrainingMismatchException($"{where}: the optimiser's state {when} it is not the recorded one");
        }
    }

    private void RequireEnd(int round, float[] start)
    {
        TrainingRecord record = records[round];
        float[] gradient = [.. start.Select((value, i) => value - trainer.Weights[i])];
        string? wrong = !TrainingRoots.OfModel(_layout, trainer.Weights).AsSpan().SequenceEqual(record.ResultRoot.Span) ? "model"
            : !TrainingRoots.OfOptimiser(trainer.GetState()).AsSpan().SequenceEqual(record.OptimiserRoot.Span) ? "optimiser's state"
            : !TrainingRoots.OfDenseGradient(_layout, gradient).AsSpan().SequenceEqual(record.GradientRoot.Span) ? "gradient of the round"
            : null;
        if (wrong is not null)
        {
            throw new TrainingMismatchException($"the end of round {round + 1}: the {wrong} is not the recorded one");
        }
    }
}
