using System.Text;
using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Tests.Openings;

namespace Verathos.Fingerprint.Tests.Keys;

public sealed class ValidatorKeysTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_models_keys_are_read_layer_by_layer(bool extras)
    {
        TinyModel model = new(1, bias: extras, norms: extras, window: extras ? 5 : 0);
        using LayerKeyOwner keys = new(model, 2);
        using KeyFileReader reader = Open(writer =>
        {
            ValidatorKeys.Write(writer, model.Constants);
            ValidatorKeys.Write(writer, keys.Layer);
            writer.Write(keys.Output);
        });
        Assert.True(ValidatorKeys.TryRead(reader, out ModelConstants? constants));
        Assert.Equal(model.Constants.Shape, constants.Shape);
        Assert.Equal(model.Constants.Frequencies, constants.Frequencies);
        Assert.Equal(model.Constants.FinalNorm, constants.FinalNorm);
        Assert.Equal(model.Constants.OutputRoot, constants.OutputRoot);
        Assert.Equal(model.Constants.SlidingWindow, constants.SlidingWindow);
        Assert.True(ValidatorKeys.TryRead(reader, constants, 2, out LayerKey? layer));
        Assert.Equal(keys.Layer.InputNorm, layer.InputNorm);
        Assert.Equal(keys.Layer.KeyNorm, layer.KeyNorm);
        Assert.Equal(keys.Layer[LayerMatrix.Down].Products, layer[LayerMatrix.Down].Products);
        Assert.False(ValidatorKeys.TryRead(reader, constants, 1, out _));
        Assert.False(ValidatorKeys.TryRead(reader, constants, 3, out _));
        Assert.True(reader.TryReadMatrix(ValidatorKeys.Output, out MatrixKey? output));
        layer.Dispose();
        output.Dispose();
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("nothing")]
    public void Constants_that_are_none_are_refused(string record)
    {
        using KeyFileReader reader = Open(writer => writer.Write("constants", Encoding.UTF8.GetBytes(record)));
        Assert.False(ValidatorKeys.TryRead(reader, out _));
    }

    [Fact]
    public void Constants_that_do_not_agree_are_refused()
    {
        TinyModel model = new(1);
        Assert.True(model.Constants.IsValid);
        Assert.False((model.Constants with { Heads = 3 }).IsValid);
        Assert.False((model.Constants with { Frequencies = [1] }).IsValid);
        Assert.False((model.Constants with { FinalNorm = [1] }).IsValid);
        Assert.False((model.Constants with { EmbeddingRoot = [1] }).IsValid);
        Assert.False((model.Constants with { OutputRoot = [1] }).IsValid);
        Assert.False((model.Constants with { Epsilon = float.NaN }).IsValid);
        Assert.False((model.Constants with { Amplitude = double.NaN }).IsValid);
        Assert.False((model.Constants with { SlidingWindow = -1 }).IsValid);
        using KeyFileReader reader = Open(writer => ValidatorKeys.Write(writer, model.Constants with { Heads = 3 }));
        Assert.False(ValidatorKeys.TryRead(reader, out _));
    }

    [Fact]
    public void A_layers_parts_must_fit_the_model()
    {
        TinyModel model = new(1);
        using LayerKeyOwner keys = new(model, 0);
        MatrixKey[] matrices = [.. Enumerable.Range(0, 7).Select(i => keys.Layer[(LayerMatrix)i])];
        LayerKey Make(Func<MatrixKey[], MatrixKey[]> change, int layer = 0, float[]? norm = null, float[]? head = null) =>
            new(model.Constants, layer, change(matrices), norm ?? keys.Layer.InputNorm, keys.Layer.FeedForwardNorm, head, null);
        Assert.Equal(0, Make(m => m).Layer);
        Assert.Throws<ArgumentException>(() => Make(m => m[1..]));
        Assert.Throws<ArgumentException>(() => Make(m => [m[1], m[0], .. m[2..]]));
        Assert.Throws<ArgumentException>(() => Make(m => m, layer: 3));
        Assert.Throws<ArgumentException>(() => Make(m => m, norm: [1]));
        Assert.Throws<ArgumentException>(() => Make(m => m, norm: [.. keys.Layer.InputNorm[1..], float.NaN]));
        Assert.Throws<ArgumentException>(() => Make(m => m, head: new float[16]));
        using KeyFileWriter writer = new(new MemoryStream(), 0, new byte[32], "p", new byte[32]);
        Assert.Throws<ArgumentException>(() => ValidatorKeys.Write(writer, Make(m => [m[0], m[2], m[1], .. m[3..]])));
    }

    private static KeyFileReader Open(Action<KeyFileWriter> write)
    {
        MemoryStream stream = new();
        using (KeyFileWriter writer = new(stream, 1, new byte[32], "p", new byte[32]))
        {
            write(writer);
        }

        return KeyFileReader.TryOpen(new MemoryStream(stream.ToArray()), new byte[32], out KeyFileReader? reader, out string? error) ? reader : throw new InvalidDataException(error);
    }
}
