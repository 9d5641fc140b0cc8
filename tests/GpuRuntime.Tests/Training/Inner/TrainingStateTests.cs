using Verathos.GpuRuntime.Training;
using Verathos.GpuRuntime.Training.Inner;

namespace Verathos.GpuRuntime.Tests.Training.Inner;

public sealed class TrainingStateTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-state").FullName;

    private string File => Path.Combine(_folder, "state.safetensors");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(TrainedModels.Kinds), MemberType = typeof(TrainedModels))]
    public void Training_goes_on_from_a_file_bit_for_bit(OptimiserKind optimiser, TrainingPrecision precision, bool lora)
    {
        InnerSettings settings = TrainedModels.Settings(optimiser, precision, lora);
        using InnerTrainer whole = new(ModelWeights.Random(TrainedModels.Tied, 1), settings, 1), resumed = new(ModelWeights.Random(TrainedModels.Tied, 1), settings, 1);
        OrderedBatches batches = TrainedModels.Batches();
        whole.Step(batches.Next(), 0.01);
        new TrainingState { Weights = whole.Weights.ToArray(), Optimiser = whole.GetState() }.Write(File, whole.Layout);
        var state = TrainingState.Read(File, resumed.Layout);
        resumed.SetWeights(state.Weights);
        resumed.SetState(state.Optimiser!);
        Batch next = batches.Next();
        whole.Step(next, 0.01);
        resumed.Step(next, 0.01);
        Assert.Equal(TrainedModels.Everything(whole), TrainedModels.Everything(resumed));
    }

    [Fact]
    public void Every_part_survives_also_numbers_that_are_not_finite()
    {
        var layout = ParameterLayout.Of(TrainedModels.Tied);
        float[] weights = [.. Enumerable.Range(0, layout.Count).Select(i => i / 3f)], gradient = [.. weights.Select(w => -w)];
        byte[] counter = [1, 0, 0, 0, 0, 0, 0xC0, 0x7F];
        new TrainingState
        {
            Weights = weights,
            Optimiser = [("z", counter), ("a", new byte[4])],
            Rest = [1, 2],
            Gradient = gradient,
            Metadata = new Dictionary<string, string> { ["rounds"] = "3" },
        }.Write(File, layout);
        var read = TrainingState.Read(File, layout);
        Assert.Equal(weights, read.Weights);
        Assert.Equal(gradient, read.Gradient);
        Assert.Equal([1, 2], read.Rest);
        Assert.Equal(["z", "a"], read.Optimiser!.Select(part => part.Name));
        Assert.Equal(counter, read.Optimiser![0].Bytes.ToArray());
        Assert.Equal("3", read.Metadata["rounds"]);

        new TrainingState { Weights = weights }.Write(File, layout);
        read = TrainingState.Read(File, layout);
        Assert.Equal((null, null, 0), (read.Optimiser, read.Gradient, read.Rest.Length));
    }

    [Fact]
    public void A_file_of_another_model_or_with_other_parts_is_refused()
    {
        var layout = ParameterLayout.Of(TrainedModels.Tied);
        TrainingState state = new() { Weights = new float[layout.Count] };
        state.Write(File, layout);
        Assert.Contains("not a state of this model", Assert.Throws<TrainingException>(() => TrainingState.Read(File, ParameterLayout.Of(TrainedModels.Untied))).Message, StringComparison.Ordinal);
        Assert.Contains("not a state of this model", Assert.Throws<TrainingException>(() => TrainingState.Read(File, ParameterLayout.Of(TrainedModels.Shape.ToConfig(95)))).Message, StringComparison.Ordinal);
        System.IO.File.WriteAllBytes(File, System.IO.File.ReadAllBytes(File)[..1000]);
        Assert.Contains("cannot be read", Assert.Throws<TrainingException>(() => TrainingState.Read(File, layout)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new TrainingState { Weights = new float[3] }.Write(File, layout));
        Assert.Throws<ArgumentException>(() => (state with { Optimiser = [("odd", new byte[5])] }).Write(File, layout));
    }
}
