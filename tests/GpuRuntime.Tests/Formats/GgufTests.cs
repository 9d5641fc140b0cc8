using CsCheck;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;
using Verathos.Testing;

namespace Verathos.GpuRuntime.Tests.Formats;

public sealed class GgufTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public static TheoryData<string, string> Faults => new()
    {
        { "version", "version 4" },
        { "tensor count", "more than a file may have" },
        { "entry count", "more than a file may have" },
        { "truncated tensor", "tensor w of 8 bytes at 32 lies outside the file" },
        { "huge offset", "tensor w of 8 bytes at 18446744073709551584 lies outside" },
        { "misaligned", "tensor w lies at 4" },
        { "overlap", "tensor w overlaps" },
        { "twice", "tensor v twice" },
        { "key twice", "gives k twice" },
        { "dimensions", "tensor w has 5 dimensions" },
        { "overflow", "tensor w cannot have the shape" },
        { "huge dimension", "tensor w has a dimension" },
        { "type", "tensor w has the type 10;" },
        { "broken block", "tensor w cannot have the shape" },
        { "broken large block", "tensor w cannot have the shape" },
        { "array length", "k is an array" },
        { "nested array", "k is an array of arrays" },
        { "value type", "unknown value type 77" },
        { "string length", "ends inside k" },
        { "not UTF-8", "k is not UTF-8" },
        { "alignment", "general.alignment" },
    };

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void ATensorOverTheLimitIsNamedBeforeTheFileIsRead()
    {
        const long Size = 2_147_483_652;
        new GgufBuilder().Tensor("huge", 0, 0, Size / 4).Write(_path);
        using (FileStream file = File.OpenWrite(_path))
        {
            file.SetLength(file.Length + Size);
        }

        long read = 0;
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => GgufFile.Read(_path, count => read += count));
        Assert.Contains("tensor huge takes 2147483652 bytes; at most 2147483647", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, read);
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void UntrueHeaderIsRefused(string fault, string expected)
    {
        GgufBuilder builder = new() { Data = new byte[40] };
        builder.Tensor("v", 0, 0, 4);
        _ = fault switch
        {
            "version" => Set(() => builder.Version = 4),
            "tensor count" => Set(() => builder.TensorCount = ulong.MaxValue),
            "entry count" => Set(() => builder.EntryCount = ulong.MaxValue),
            "truncated tensor" => Set(() => builder.Tensor("w", 0, 32, 2).Data = new byte[39]),
            "huge offset" => Set(() => builder.Tensor("w", 0, ulong.MaxValue - 31, 2)),
            "misaligned" => Set(() => builder.Tensor("w", 0, 4, 2)),
            "overlap" => Set(() => builder.Tensor("w", 0, 0, 5)),
            "twice" => Set(() => builder.Tensor("v", 0, 32, 2)),
            "key twice" => Set(() => builder.Entry("k", 4, w => w.Write(1)).Entry("k", 4, w => w.Write(1))),
            "dimensions" => Set(() => builder.Tensor("w", 0, 32, 1, 1, 1, 1, 1)),
            "overflow" => Set(() => builder.Tensor("w", 0, 32, 1UL << 62, 1UL << 62, 16)),
            "huge dimension" => Set(() => builder.Tensor("w", 0, 32, ulong.MaxValue)),
            "type" => Set(() => builder.Tensor("w", 10, 256, 2)),
            "broken block" => Set(() => builder.Tensor("w", 8, 32, 31)),
            "broken large block" => Set(() => builder.Tensor("w", 12, 0, 32)),
            "array length" => Set(() => builder.Entry("k", 9, w => { w.Write(4); w.Write(ulong.MaxValue); })),
            "nested array" => Set(() => builder.Entry("k", 9, w => { w.Write(9); w.Write(1UL); })),
            "value type" => Set(() => builder.Entry("k", 77, w => w.Write(1))),
            "string length" => Set(() => builder.Entry("k", 8, w => w.Write(1UL << 40))),
            "not UTF-8" => Set(() => builder.Entry("k", 8, w => { w.Write(2UL); w.Write([0xc3, 0x28]); })),
            "alignment" => Set(() => builder.Entry("general.alignment", 4, w => w.Write(0))),
            _ => throw new ArgumentException(fault),
        };
        builder.Write(_path);
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => GgufFile.Read(_path));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void EveryTypeIsDequantised()
    {
        byte[] data = new byte[32 * 6];
        BitConverter.TryWriteBytes(data.AsSpan(0), 1.5f);
        BitConverter.TryWriteBytes(data.AsSpan(32), (Half)(-0.25f));
        BitConverter.TryWriteBytes(data.AsSpan(64), Quantization.ToBFloat16(3f));
        BitConverter.TryWriteBytes(data.AsSpan(96), (Half)0.5f);
        data[98] = 0x80;
        data[129] = 127;
        new GgufBuilder { Data = data }.Tensor("f32", 0, 0, 1).Tensor("f16", 1, 32, 1).Tensor("bf16", 30, 64, 1).Tensor("q8", 8, 96, 32, 1).Write(_path);
        using GgufFile file = GgufFile.Read(_path);
        float[] Values(int tensor)
        {
            float[] values = new float[file.Tensors[tensor].Elements];
            Quantization.ToSingle(file.Tensors[tensor].Type, file.Bytes(file.Tensors[tensor]), values);
            return values;
        }

        Assert.Equal([1.5f], Values(0));
        Assert.Equal([-0.25f], Values(1));
        Assert.Equal([3f], Values(2));
        Assert.Equal(-64f, Values(3)[0]);
        Assert.Equal(63.5f, Values(3)[31]);
        Assert.Equal([1L, 32L], file.Tensors[3].Shape);
    }

    [Fact]
    public void TruncatedModelsAreRefusedEverywhere()
    {
        byte[] valid = File.ReadAllBytes(Vectors.Model("stories260K.gguf"));
        Gen.Int[0, valid.Length - 1].Sample(length =>
        {
            string path = $"{_path}.{Environment.CurrentManagedThreadId}";
            File.WriteAllBytes(path, valid[..length]);
            Assert.Throws<ModelFormatException>(() => GgufModel.Open(path, null, CancellationToken.None).Dispose());
            File.Delete(path);
        }, iter: 100);
    }

    [Fact]
    public void ChangedHeadersAreReadOrRefused()
    {
        byte[] valid = File.ReadAllBytes(Vectors.Model("stories260K.gguf"));
        Gen.Select(Gen.Int[0, 14151], Gen.Byte).Sample((at, value) =>
        {
            byte[] changed = (byte[])valid.Clone();
            changed[at] = value;
            string path = $"{_path}.{Environment.CurrentManagedThreadId}";
            File.WriteAllBytes(path, changed);
            try
            {
                GgufModel.Open(path, null, CancellationToken.None).Dispose();
            }
            catch (ModelFormatException)
            {
                // Refused with a message of its own; anything else fails the test.
            }
            finally
            {
                File.Delete(path);
            }
        }, iter: 500);
    }

    private static bool Set(Action action)
    {
        action();
        return true;
    }
}
