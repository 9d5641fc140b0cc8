using Verathos.GpuRuntime.Compute;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Tests.Formats;

public sealed class GgufWriterTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void WhatIsWrittenIsRead()
    {
        float[] values = [.. Enumerable.Range(0, 64).Select(static i => (i - 20) / 3f)];
        TensorType[] types = [TensorType.F32, TensorType.F16, TensorType.BF16, TensorType.Q80];
        Dictionary<string, object> metadata = new()
        {
            ["truth"] = true,
            ["u8"] = (byte)200,
            ["i8"] = (sbyte)-100,
            ["u16"] = (ushort)60000,
            ["i16"] = (short)-30000,
            ["u32"] = 4000000000u,
            ["i32"] = -2000000000,
            ["u64"] = ulong.MaxValue,
            ["i64"] = long.MinValue,
            ["f32"] = 0.5f,
            ["f64"] = 1e300,
            ["text"] = "déjà vu",
            ["texts"] = new[] { "a", "" },
            ["reals"] = new[] { 1.5f, -2f },
            ["counts"] = new[] { 1u, 2u },
        };
        GgufWriter.Write(_path, [.. types.Select(type => new TensorData($"t.{type}", type, [2, 32], Quantization.FromSingle(type, values)))], metadata);

        using GgufFile file = GgufFile.Read(_path);
        Assert.Equal(types, file.Tensors.Select(static t => t.Type));
        foreach (TensorInfo tensor in file.Tensors)
        {
            Assert.Equal([2L, 32L], tensor.Shape);
            Assert.Equal(Quantization.FromSingle(tensor.Type, values), file.Bytes(tensor).ToArray());
        }

        Assert.Equal(true, file.Metadata["truth"]);
        Assert.Equal(200ul, file.Metadata["u8"]);
        Assert.Equal(-100L, file.Metadata["i8"]);
        Assert.Equal(60000ul, file.Metadata["u16"]);
        Assert.Equal(-30000L, file.Metadata["i16"]);
        Assert.Equal(4000000000ul, file.Metadata["u32"]);
        Assert.Equal(-2000000000L, file.Metadata["i32"]);
        Assert.Equal(ulong.MaxValue, file.Metadata["u64"]);
        Assert.Equal(long.MinValue, file.Metadata["i64"]);
        Assert.Equal(0.5, file.Metadata["f32"]);
        Assert.Equal(1e300, file.Metadata["f64"]);
        Assert.Equal("déjà vu", file.Metadata["text"]);
        Assert.Equal(["a", ""], (string[])file.Metadata["texts"]);
        Assert.Equal([1.5, -2.0], (double[])file.Metadata["reals"]);
        Assert.Equal([1L, 2L], (long[])file.Metadata["counts"]);
    }

    [Fact]
    public void WhatTheFormatLacksIsRefused()
    {
        TensorData tensor = new("t", TensorType.F32, [2], new byte[8]);
        Assert.Throws<ArgumentException>(() => GgufWriter.Write(_path, [tensor, tensor], new Dictionary<string, object>()));
        Assert.Throws<ArgumentException>(() => GgufWriter.Write(_path, [tensor with { Shape = [3] }], new Dictionary<string, object>()));
        Assert.Throws<ArgumentException>(() => GgufWriter.Write(_path, [], new Dictionary<string, object> { ["day"] = DateTime.UnixEpoch }));
    }

    [Theory]
    [InlineData(TensorType.BF16)]
    [InlineData(TensorType.F16)]
    [InlineData(TensorType.Q80)]
    public void ARandomModelCanBeLoaded(TensorType type)
    {
        ModelConfig config = SmallModel.Config with { IntermediateSize = 64 };
        RandomGguf.Write(_path, config, 1, type);
        using LoadedModel model = ModelLoader.Load(_path, new LoadOptions { Profile = NumericProfile.F32, Threads = 1 });
        Assert.Equal(config, model.Config with { RopeTheta = config.RopeTheta, RmsNormEpsilon = config.RmsNormEpsilon });
        using SequenceState sequence = model.Backend.CreateSequence(2);
        float[] logits = new float[config.VocabularySize];
        model.Backend.Forward(sequence, [1, 300], logits);
        Assert.All(logits, static l => Assert.True(float.IsFinite(l)));
        Assert.True(logits.Distinct().Count() > config.VocabularySize / 2);
    }
}
