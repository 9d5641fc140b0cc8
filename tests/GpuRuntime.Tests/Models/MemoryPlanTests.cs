using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Compute.Lane16;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Native;

namespace Verathos.GpuRuntime.Tests.Models;

public class MemoryPlanTests
{
    private const long Mebi = 1 << 20;

    private static ModelFootprint Footprint(string name, long mebibytes) => new(name, 10 * Mebi, mebibytes * Mebi, Mebi, 2 * Mebi);

    [Theory]
    [InlineData("bf16-lane16")]
    [InlineData("bf16")]
    [InlineData("f32")]
    public void AFootprintIsAtLeastWhatIsTakenAndNotFarMore(string profile)
    {
        LoadOptions options = new() { Profile = NumericProfile.All.Single(p => p.Name == profile), MaxContext = 2048, Threads = 2 };
        ModelConfig config = SmallModel.Config with { VocabularySize = 4000, HiddenSize = 256, IntermediateSize = 640, Layers = 6, Heads = 8, KvHeads = 4, HeadSize = 32, MaxPositions = 4096 };
        ModelFootprint said = ModelFootprint.Of(config, false, 0, "x", options, 32);
        using LoadedModel model = RandomModel.Create(config, 1, options);
        Assert.InRange(model.WeightBytes, said.WeightBytes * 0.9, said.WeightBytes);
        Assert.Equal(model.Backend.SequenceBytes(ModelFootprint.RequestPositions), said.KvBytes);
        if (model.Backend is Lane16Backend lanes)
        {
            Assert.InRange(lanes.ScratchMemory.Length + (32L * config.VocabularySize * sizeof(float)), said.ScratchBytes / 8, said.ScratchBytes);
        }
    }

    [Theory]
    [InlineData(TensorType.BF16)]
    [InlineData(TensorType.Q80)]
    public void TheHeadersOfAGgufFileAndOfAFolderAreEnough(TensorType type)
    {
        string folder = Directory.CreateTempSubdirectory("verathos-footprint-").FullName;
        try
        {
            string path = Path.Combine(folder, "small.gguf");
            RandomGguf.Write(path, SmallModel.Config with { IntermediateSize = 64 }, 1, type);
            ModelFootprint said = ModelFootprint.Of(path, new LoadOptions { Threads = 1 });
            using LoadedModel model = ModelLoader.Load(path, new LoadOptions { Threads = 1 });
            Assert.Equal(("small", new FileInfo(path).Length), (said.Name, said.FileBytes));
            Assert.InRange(model.WeightBytes, said.WeightBytes * 0.5, said.WeightBytes);

            string converted = Path.Combine(folder, "converted");
            ModelConverter.Convert(path, converted);
            ModelFootprint again = ModelFootprint.Of(converted, new LoadOptions { Threads = 1 });
            Assert.Equal(("converted", said.KvBytes), (again.Name, again.KvBytes));
            Assert.InRange(again.FileBytes, 1, new DirectoryInfo(converted).EnumerateFiles().Sum(static file => file.Length));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void ModelsThatFitTogetherAreNotRefused() =>
        Assert.Null(MemoryPlan.Find([Footprint("a", 100), Footprint("b", 200)], null, new MachineMemory((64 + 100 + 1 + 200 + 1 + 10) * Mebi, "all")));

    [Fact]
    public void AModelThatDoesNotFitBesideTheOthersIsNamedWithItsSizes()
    {
        string? problem = MemoryPlan.Find([Footprint("a", 100), Footprint("b", 200)], null, new MachineMemory(((64 + 100 + 1 + 200 + 1 + 10) * Mebi) - 1, "the control group's limit of 400 MiB"));
        Assert.Equal(
            "the model b does not fit: it takes 200.0 MiB of weights, 10.0 MiB for its files while they are prepared, 1.0 MiB of working memory and 2.0 MiB for keys and values, " +
            "beside 175.0 MiB for a; 376.0 MiB are needed and 376.0 MiB are free (the control group's limit of 400 MiB)",
            problem);
    }

    [Fact]
    public void WhatIsConfiguredForKeysAndValuesCounts()
    {
        MachineMemory memory = new(400 * Mebi, "all");
        Assert.Null(MemoryPlan.Find([Footprint("a", 100), Footprint("b", 200)], 34 * Mebi, memory));
        Assert.Contains("the model b does not fit", MemoryPlan.Find([Footprint("a", 100), Footprint("b", 200)], 35 * Mebi, memory), StringComparison.Ordinal);
    }
}
