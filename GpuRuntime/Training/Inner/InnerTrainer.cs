using System.Buffers.Binary;
using System.Runtime.InteropServices;
using TorchSharp;
using Verathos.GpuRuntime.Native;
using Verathos.GpuRuntime.Training.Corpus;
using Verathos.GpuRuntime.Training.Optimisers;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Training.Inner;

/// <summary>
/// Trains a Llama model, or adapters beside it, step by step. A batch is cut into a fixed number of groups of rows; each is run forward
/// and backward on one thread, and their gradients are summed in order, so that weights, state, losses and gradients are a function of
/// start, settings, batches and rates within one numeric profile, whatever the number of threads. Called by one thread at a time.
/// </summary>
public sealed class InnerTrainer : IDisposable
{
    private const string StepPart = "step";
    private const int TokensAtOnce = 2048;
    private readonly ModelWeights _start;
    private readonly TrainingCrew _crew;
    private readonly TrainedNetwork _network;
    private readonly IOptimiserRule _rule;

    /// <summary>Starts with weights and an optimiser that remembers nothing.</summary>
    /// <param name="start">The model; with adapters it stays as it is.</param>
    /// <param name="settings">What fixes the arithmetic.</param>
    /// <param name="threads">Threads to compute on; changes no bit.</param>
    /// <exception cref="TrainingException">Settings are not valid or do not fit the model.</exception>
    /// <exception cref="NativeRuntimeException">libtorch cannot be loaded.</exception>
    public InnerTrainer(ModelWeights start, InnerSettings settings, int threads)
    {
        ArgumentNullException.ThrowIfNull(start);
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validate();
        NativeRuntime.Load();
        (_start, Settings) = (start, settings);
        Layout = settings.Lora is { } lora ? ParameterLayout.Of(start.Config, lora) : start.Layout;
        Profile = TrainingProfile.Of(settings.Precision);
        _crew = new TrainingCrew(threads);
        _network = new TrainedNetwork(start, Layout, settings.Lora is { } adapters ? FirstAdapters(Layout, adapters) : start.Values, settings, _crew);
        _rule = OptimiserRules.Create(Layout, settings);
    }

    /// <summary>What fixes the arithmetic.</summary>
    public InnerSettings Settings { get; }

    /// <summary>Where the weights that are trained lie: the model's, or the adapters'.</summary>
    public ParameterLayout Layout { get; }

    /// <summary>Elements of <see cref="Weights"/>.</summary>
    public int Count => Layout.Count;

    /// <summary>The numeric profile: equal settings, states and batches give equal bits within it, and nothing is promised beyond it.</summary>
    public string Profile { get; }

    /// <summary>Optimiser steps done; part of the state.</summary>
    public long Steps { get; private set; }

    /// <summary>What is trained, flat; a live view, valid until this is disposed.</summary>
    public ReadOnlySpan<float> Weights => TrainedNetwork.Span(_network.Weights);

    /// <summary>
    /// The gradient that the last <see cref="Step"/>, <see cref="Gradient"/> or <see cref="HeldOutGradient"/> summed, before it was shortened; a live view.
    /// </summary>
    public ReadOnlySpan<float> LastGradient => TrainedNetwork.Span(_network.Gradient);

    /// <summary>The numeric profile that a trainer of this precision has on this machine.</summary>
    /// <exception cref="NativeRuntimeException">libtorch cannot be loaded.</exception>
    public static string ProfileOf(TrainingPrecision precision) => TrainingProfile.Of(precision);

    /// <summary>Sets what is trained.</summary>
    /// <param name="values">Flat, of the layout.</param>
    /// <exception cref="TrainingException">It has another length.</exception>
    public void SetWeights(ReadOnlySpan<float> values)
    {
        if (values.Length != Count)
        {
            throw new TrainingException($"There are {Count} weights to train, not {values.Length}.");
        }

        values.CopyTo(TrainedNetwork.Span(_network.Weights));
    }

    /// <summary>A copy of the optimiser's state in a fixed order: the number of steps (8 bytes, little-endian), then its tensors (binary32, little-endian).</summary>
    public IReadOnlyList<(string Name, ReadOnlyMemory<byte> Bytes)> GetState()
    {
        byte[] steps = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(steps, Steps);
        return [(StepPart, steps), .. _rule.State.Select(static part => (part.Name, (ReadOnlyMemory<byte>)part.Value.bytes.ToArray()))];
    }

    /// <summary>Sets the optimiser's state.</summary>
    /// <param name="state">What <see cref="GetState"/> gave.</param>
    /// <exception cref="TrainingException">A part is missing, out of its order or of another size, or the number of steps is below 0. Nothing has changed then.</exception>
    public void SetState(IReadOnlyList<(string Name, ReadOnlyMemory<byte> Bytes)> state)
    {
        ArgumentNullException.ThrowIfNull(state);
        (string Name, int Size)[] expected = [(StepPart, sizeof(long)), .. _rule.State.Select(static part => (part.Name, (int)part.Value.NumberOfElements * sizeof(float)))];
        if (!state.Select(static part => (part.Name, part.Bytes.Length)).SequenceEqual(expected))
        {
            throw new TrainingException("The state is not that of this optimiser and model.");
        }

        long steps = BinaryPrimitives.ReadInt64LittleEndian(state[0].Bytes.Span);
        if (steps < 0)
        {
            throw new TrainingException("The state has a number of steps below 0.");
        }

        Steps = steps;
        for (int i = 0; i < _rule.State.Count; i++)
        {
            state[i + 1].Bytes.Span.CopyTo(_rule.State[i].Value.bytes);
        }
    }

    /// <summary>Forgets what the optimiser remembers.</summary>
    public void ResetState()
    {
        Steps = 0;
        foreach ((_, Tensor value) in _rule.State)
        {
            value.bytes.Clear();
        }
    }

    /// <summary>One optimiser step.</summary>
    /// <param name="batch">At least as many rows as there are micro-batches.</param>
    /// <param name="learningRate">Of this step.</param>
    /// <exception cref="TrainingException">The batch has too few rows, nothing to learn or too long rows, or loss or gradient are not finite. Weights and state stay then.</exception>
    public StepResult Step(Batch batch, double learningRate)
    {
        StepResult result = Gradient(batch);
        using DisposeScope scope = NewDisposeScope();
        Tensor slope = _network.Gradient;
        if (result.GradientNorm > Settings.ClipNorm)
        {
            _crew.RunAlone(() =>
            {
                using IDisposable none = no_grad();
                using Scalar shorten = Settings.ClipNorm / result.GradientNorm;
                slope = _network.Gradient.mul(shorten).DetachFromDisposeScope();
            });
        }

        _rule.Step(_network.Weights, slope, Steps, learningRate, _crew);
        if (!ReferenceEquals(slope, _network.Gradient))
        {
            slope.Dispose();
        }

        Steps++;
        return result;
    }

    /// <summary>Loss and gradient of a batch as in <see cref="Step"/>; weights and state stay.</summary>
    /// <exception cref="TrainingException">As for <see cref="Step"/>.</exception>
    public StepResult Gradient(Batch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (batch.Rows < Settings.MicroBatches)
        {
            throw new TrainingException($"A batch of {batch.Rows} rows cannot be cut into {Settings.MicroBatches} micro-batches; take more rows or fewer micro-batches.");
        }

        CheckLength(batch);
        Batch[] passes = [.. Enumerable.Range(0, Settings.MicroBatches).Select(i =>
            batch.Slice((int)((long)batch.Rows * i / Settings.MicroBatches), (int)((long)batch.Rows * (i + 1) / Settings.MicroBatches)))];
        return Sum(passes);
    }

    /// <summary>Losses of documents; forward only. The same documents in the same order give the same bits on any number of threads.</summary>
    /// <param name="documents">Documents; longer ones are cut.</param>
    /// <param name="maxLength">Tokens of a document that are read; null for the model's limit.</param>
    /// <returns>One a document, in their order.</returns>
    public IReadOnlyList<DocumentLoss> Evaluate(IReadOnlyList<EncodedDocument> documents, int? maxLength = null)
    {
        DocumentPasses passes = DocumentPasses.Of(documents, MaxLength(maxLength), TokensAtOnce);
        return passes.Collect(_network.Losses(passes.Batches));
    }

    /// <summary>The loss of a batch; forward only, row by row.</summary>
    public DocumentLoss Evaluate(Batch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        CheckLength(batch);
        int rows = Math.Max(1, TokensAtOnce / batch.Length);
        Batch[] passes = [.. Enumerable.Range(0, (batch.Rows + rows - 1) / rows).Select(i => batch.Slice(i * rows, Math.Min(batch.Rows, (i + 1) * rows)))];
        return new DocumentLoss(_network.Losses(passes).Sum(static losses => losses.Sum(static loss => (double)loss)), batch.Places.Length);
    }

    /// <summary>The gradient of the mean loss over all learned tokens of documents; weights and state stay.</summary>
    /// <param name="documents">Documents; longer ones are cut.</param>
    /// <param name="total">Their loss.</param>
    /// <param name="maxLength">Tokens of a document that are read; null for the model's limit.</param>
    /// <returns>Flat, of the layout.</returns>
    /// <exception cref="TrainingException">There is nothing to learn, or loss or gradient are not finite.</exception>
    public float[] HeldOutGradient(IReadOnlyList<EncodedDocument> documents, out DocumentLoss total, int? maxLength = null)
    {
        StepResult result = Sum(DocumentPasses.Of(documents, MaxLength(maxLength), TokensAtOnce).Batches);
        total = new DocumentLoss(result.Loss * result.Tokens, result.Tokens);
        return LastGradient.ToArray();
    }

    /// <summary>The whole model's weights, flat: what is trained, or the model with adapters added to it.</summary>
    public float[] ModelValues() => Settings.Lora is { } lora ? AdapterSum.Of(_start, Layout, lora, Weights) : Weights.ToArray();

    /// <inheritdoc/>
    public void Dispose()
    {
        _crew.Dispose();
        _rule.Dispose();
        _network.Dispose();
    }

    // A from a normal distribution of deviation 1 / sqrt(columns), B at 0: at first the adapters change nothing.
    private static float[] FirstAdapters(ParameterLayout layout, LoraSettings lora)
    {
        var random = new CorpusRandom(lora.Seed, stream: 4);
        float[] values = new float[layout.Count];
        for (int tensor = 0; tensor < layout.Tensors.Count; tensor += 2)
        {
            double deviation = 1 / Math.Sqrt(layout.Tensors[tensor].Columns);
            foreach (ref float value in values.AsSpan(layout.Offset(tensor), layout.Length(tensor)))
            {
                value = (float)(random.NextGaussian() * deviation);
            }
        }

        return values;
    }

    private StepResult Sum(IReadOnlyList<Batch> passes)
    {
        (double sum, int tokens, double norm) = _network.SumGradient(passes);
        if (!double.IsFinite(sum) || !double.IsFinite(norm))
        {
            throw new TrainingException($"Loss or gradient are not finite after {Steps} steps; lower the learning rate.");
        }

        return new StepResult(sum / tokens, tokens, norm);
    }

    private int MaxLength(int? asked) => Math.Min(asked ?? int.MaxValue, _start.Config.MaxPositions);

    private void CheckLength(Batch batch)
    {
        if (batch.Length > _start.Config.MaxPositions)
        {
            throw new TrainingException($"Rows of {batch.Length} tokens are longer than the model's {_start.Config.MaxPositions} positions.");
        }
    }
}
