using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;
using Verathos.Protocol.Receipts;
using Verathos.Training;
using Verathos.Training.Records;
using Verathos.Training.Rounds;
using Verathos.Training.Shards;

namespace Verathos.Enclave.Training;

/// <summary>
/// The files of a local run. The host could change every one of them, so a resumed run takes nothing on trust that its records name: the
/// chain is verified, and weights and state have the roots of its last record. A host that puts an older chain back can have a second
/// history signed; no TEE's counter prevents that, and two records of one number prove it.
/// </summary>
internal sealed class LocalStore(
    string folder, RoundWorker worker, ParameterLayout layout, TrainingRecipe recipe, IReadOnlyList<byte[]> digests, byte[] startRoot)
{
    private string ChainPath => Path.Combine(folder, TrainingFolder.ChainFile);

    /// <summary>What is to be done in a round.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="digest">Its digest, 32 bytes.</param>
    /// <param name="number">From 0; the round's own number is one more.</param>
    public static RoundTask Task(TrainingRecipe recipe, ReadOnlySpan<byte> digest, int number) => new()
    {
        Round = (ulong)number + 1,
        Beacon = LocalRounds.Beacon(digest, (ulong)number + 1),
        Documents = recipe.Optimiser.DocumentsPerRound,
        Rows = recipe.Optimiser.Rows,
        Length = recipe.Optimiser.Length,
        Rates = recipe.Optimiser.Rates(number),
        Compression = null,
    };

    /// <summary>Whether the state after so many rounds is kept with the gradient of the step that follows.</summary>
    public bool KeepsGradient(int rounds) => rounds == 0 || rounds == TrainingFolder.Middle(recipe.Optimiser.RoundCount());

    /// <summary>Reads where the run stands, or begins one.</summary>
    /// <param name="fresh">Begins one although there are records.</param>
    /// <param name="start">The weights that it begins from.</param>
    /// <param name="profile">The numeric profile of this machine.</param>
    /// <exception cref="TrainingException">The records are not this recipe's, or the state is not what the last of them names.</exception>
    public LocalState Read(bool fresh, float[] start, string profile)
    {
        LocalState begin = new(start, worker.Initial, ChainHead.None, []);
        if (fresh || !File.Exists(ChainPath))
        {
            // Records go first: a state or evidence without them is an old run's.
            File.Delete(ChainPath);
            string evidence = Path.Combine(folder, TrainingFolder.EvidenceFolder);
            if (Directory.Exists(evidence))
            {
                Directory.Delete(evidence, recursive: true);
            }

            RemoveStates(0);
            WriteState(0, begin, null);
            return begin;
        }

        if (!ChainFile.TryParse(File.ReadAllBytes(ChainPath), out IReadOnlyList<ChainEntry>? chain))
        {
            throw new TrainingException($"{ChainPath} is not a chain of training records; start again with --fresh.");
        }

        if (chain.Count == 0)
        {
            return begin;
        }

        TrainingRecord last = Verify(chain, profile);
        string path = Path.Combine(folder, TrainingFolder.StateFile(chain.Count));
        TrainingState state = File.Exists(path) ? TrainingState.Read(path, layout) : throw new TrainingException($"The state {path} of the last record is missing; start again with --fresh.");
        WorkerState kept = new(state.Optimiser ?? worker.Initial.Optimiser, state.Rest);
        if (!TrainingRoots.OfModel(worker.Layout, state.Weights).AsSpan().SequenceEqual(last.ResultRoot.Span)
            || !RoundWorker.OptimiserRoot(kept).AsSpan().SequenceEqual(last.OptimiserRoot.Span)
            || !TrainingRoots.OfErrorFeedback(kept.Rest).AsSpan().SequenceEqual(last.ErrorFeedbackRoot.Span))
        {
            throw new TrainingException($"The state {path} is not the one that the last record names; start again with --fresh.");
        }

        RemoveStates(chain.Count);
        return new LocalState(state.Weights, kept, ChainHead.Of(last), chain);
    }

    /// <summary>Writes a state.</summary>
    public void WriteState(int rounds, LocalState state, float[]? gradient) => new TrainingState
    {
        Weights = state.Weights,
        // That of the beginning follows from the settings, and is zeros.
        Optimiser = rounds == 0 ? null : state.Worker.Optimiser,
        Rest = state.Worker.Rest,
        Gradient = gradient,
        Metadata = new Dictionary<string, string> { ["recipe"] = recipe.Digest(), ["rounds"] = rounds.ToString(System.Globalization.CultureInfo.InvariantCulture) },
    }.Write(Path.Combine(folder, TrainingFolder.StateFile(rounds)), layout);

    /// <summary>Writes the chain, through to the disk and in one move, and then removes states.</summary>
    public void WriteChain(IReadOnlyList<ChainEntry> chain)
    {
        using (FileStream file = File.Create(ChainPath + ".partial"))
        {
            file.Write(ChainFile.Encode(chain));
            file.Flush(flushToDisk: true);
        }

        File.Move(ChainPath + ".partial", ChainPath, overwrite: true);
        RemoveStates(chain.Count);
    }

    // Those that nobody needs any more: all but the first, the middle one and the one after the last record.
    private void RemoveStates(int rounds)
    {
        foreach (string path in Directory.GetFiles(folder, "state-*.safetensors*"))
        {
            bool needed = Enumerable.Range(0, rounds + 1).Any(each => (each == rounds || KeepsGradient(each)) && Path.GetFileName(path) == TrainingFolder.StateFile(each));
            if (!needed)
            {
                File.Delete(path);
            }
        }
    }

    private TrainingRecord Verify(IReadOnlyList<ChainEntry> chain, string profile)
    {
        byte[] digest = Convert.FromHexString(recipe.Digest());
        List<ReadOnlyMemory<byte>> results = [startRoot];
        RecordChainVerdict verdict = RecordChain.Verify(
            [.. chain.Select(static entry => entry.Signed)],
            round => round >= 1 && round <= (ulong)results.Count ? results[(int)round - 1] : null,
            (key, round, beacon) => key.Equals(worker.Worker) && beacon.Span.SequenceEqual(LocalRounds.Beacon(digest, round))
                ? ShardAssignment.Root(beacon.Span, key, round, digests, recipe.Optimiser.DocumentsPerRound)
                : null,
            record => results.Add(record.ResultRoot));
        return !verdict.IsValid
            ? throw new TrainingException($"Record {verdict.Index + 1} in {ChainPath} is not this recipe's ({verdict.Error}); start again with --fresh.")
            : verdict.Records[^1].NumericProfile != profile
            ? throw new TrainingException($"The records in {ChainPath} were made on {verdict.Records[^1].NumericProfile}, this machine computes on {profile}; go on there, or start again with --fresh.")
            : verdict.Records[^1];
    }
}
