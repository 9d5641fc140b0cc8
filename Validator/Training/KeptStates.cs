using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;
using Verathos.Protocol.Receipts;
using Verathos.Training.Compression;
using Verathos.Training.Records;

namespace Verathos.Validator.Training;

/// <summary>The states of a run that were kept: the first, the middle and the last, and none of them is taken on trust.</summary>
internal sealed class KeptStates
{
    private readonly SortedDictionary<int, TrainingState> _states = [];

    /// <summary>The states by how many rounds were done.</summary>
    public IReadOnlyDictionary<int, TrainingState> All => _states;

    /// <summary>Reads the states and compares each with what the records and steps say of it.</summary>
    /// <param name="folder">The folder of the training.</param>
    /// <param name="layout">How weights lie.</param>
    /// <param name="records">All records of the run.</param>
    /// <param name="steps">Each record's steps.</param>
    /// <param name="initial">The optimiser's state that a run begins with.</param>
    /// <exception cref="TrainingMismatchException">A state is missing, or not the recorded one.</exception>
    public static KeptStates Read(
        string folder, ParameterLayout layout, IReadOnlyList<TrainingRecord> records, IReadOnlyList<IReadOnlyList<TrainingStep>> steps,
        IReadOnlyList<(string Name, ReadOnlyMemory<byte> Bytes)> initial)
    {
        KeptStates kept = new();
        GradientLayout shape = new([.. layout.Tensors.Select(static tensor => new GradientTensor(tensor.Name, tensor.Rows, tensor.Columns))]);
        foreach (int rounds in new[] { 0, TrainingFolder.Middle(records.Count), records.Count }.Distinct())
        {
            string name = TrainingFolder.StateFile(rounds), path = Path.Combine(folder, name);
            if (!File.Exists(path))
            {
                throw new TrainingMismatchException($"{name} is missing");
            }

            TrainingState state = Read(path, name, layout);
            state = state with { Optimiser = state.Optimiser ?? (rounds == 0 ? initial : throw new TrainingMismatchException($"{name} has no optimiser's state")) };
            Require(
                TrainingRoots.OfModel(shape, state.Weights), rounds == 0 ? records[0].BaseModelRoot : records[rounds - 1].ResultRoot,
                $"the weights in {name} are not those that the record names");
            Require(
                TrainingRoots.OfOptimiser(state.Optimiser!), rounds == 0 ? steps[0][0].OptimiserRoot : records[rounds - 1].OptimiserRoot,
                $"the optimiser's state in {name} is not the one that the record names");
            if (state.Gradient is { } gradient)
            {
                Require(
                    TrainingRoots.OfDenseGradient(shape, gradient), rounds < records.Count ? steps[rounds][0].GradientRoot : default,
                    $"the gradient in {name} is not that of the step after it");
            }

            kept._states[rounds] = state;
        }

        return kept;
    }

    private static TrainingState Read(string path, string name, ParameterLayout layout)
    {
        try
        {
            return TrainingState.Read(path, layout);
        }
        catch (TrainingException exception)
        {
            throw new TrainingMismatchException($"{name}: {exception.Message}");
        }
    }

    private static void Require(ReadOnlySpan<byte> root, ReadOnlyMemory<byte> expected, string problem)
    {
        if (!root.SequenceEqual(expected.Span))
        {
            throw new TrainingMismatchException(problem);
        }
    }
}
