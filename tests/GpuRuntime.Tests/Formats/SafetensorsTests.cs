using System.Buffers.Binary;
using System.Text;
using CsCheck;
using Verathos.GpuRuntime.Formats;

namespace Verathos.GpuRuntime.Tests.Formats;

public sealed class SafetensorsTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void WrittenFileReadsBack()
    {
        byte[] a = [.. Enumerable.Range(0, 24).Select(i => (byte)i)];
        SafetensorsWriter.Write(_path, [new("a", TensorType.F32, [2, 3], a), new("b", TensorType.BF16, [4], a.AsMemory(0, 8)), new("none", TensorType.F16, [0, 5], default)], new Dictionary<string, string> { ["step"] = "7" });
        using SafetensorsFile file = SafetensorsFile.Read(_path);
        Assert.Equal("7", file.Metadata["step"]);
        Assert.Equal(["a", "none", "b"], file.Tensors.Select(t => t.Name).OrderBy(n => n == "b"));
        Assert.Equal(a, file.Bytes(file.Tensors.Single(t => t.Name == "a")).ToArray());
        Assert.Equal([2L, 3L], file.Tensors.Single(t => t.Name == "a").Shape);
        Assert.Equal(a[..8], file.Bytes(file.Tensors.Single(t => t.Name == "b")).ToArray());
    }

    [Theory]
    [InlineData("no JSON", "{\"w\":", 8, "JSON")]
    [InlineData("not an object", "[]", 8, "JSON")]
    [InlineData("same name twice", "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "w")]
    [InlineData("overlap", "{\"v\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[2,6]}}", 8, "tensor w overlaps")]
    [InlineData("gap", "{\"v\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"w\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[6,8]}}", 8, "tensor w leaves")]
    [InlineData("rest", "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 8, "after its last tensor w")]
    [InlineData("beyond the end", "{\"w\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}", 8, "tensor w lies at 0 to 16")]
    [InlineData("backwards", "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,4]}}", 8, "tensor w")]
    [InlineData("negative", "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}", 8, "tensor w")]
    [InlineData("shape lies", "{\"w\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8, "tensor w of shape [3]")]
    [InlineData("shape overflows", "{\"w\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4,1073741825],\"data_offsets\":[0,8]}}", 8, "tensor w of shape")]
    [InlineData("negative shape", "{\"w\":{\"dtype\":\"F32\",\"shape\":[-1,-2],\"data_offsets\":[0,8]}}", 8, "tensor w of shape")]
    [InlineData("unknown type", "{\"w\":{\"dtype\":\"F8_E4M3\",\"shape\":[8],\"data_offsets\":[0,8]}}", 8, "tensor w has the type F8_E4M3")]
    [InlineData("no type", "{\"w\":{\"shape\":[8],\"data_offsets\":[0,8]}}", 8, "tensor w lacks")]
    [InlineData("fractions", "{\"w\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,8]}}", 8, "tensor w lacks")]
    [InlineData("no object", "{\"w\":7}", 8, "tensor w lacks")]
    public void UntrueHeaderIsRefused(string fault, string header, int dataLength, string expected)
    {
        byte[] file = new byte[8 + header.Length + dataLength];
        BinaryPrimitives.WriteInt64LittleEndian(file, header.Length);
        Encoding.UTF8.GetBytes(header, file.AsSpan(8));
        File.WriteAllBytes(_path, file);
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => SafetensorsFile.Read(_path));
        Assert.True(error.Message.Contains(expected, StringComparison.Ordinal), $"{fault}: {error.Message}");
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(9UL)]
    [InlineData(ulong.MaxValue)]
    [InlineData((ulong)long.MaxValue)]
    public void HeaderLengthBeyondTheFileIsRefused(ulong length)
    {
        byte[] file = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(file, length);
        File.WriteAllBytes(_path, length == 0 ? file[..7] : file);
        Assert.Throws<ModelFormatException>(() => SafetensorsFile.Read(_path));
    }

    [Fact]
    public void ATensorOverTheLimitIsNamedBeforeTheFileIsRead()
    {
        const long Size = 2_147_483_652;
        byte[] header = Encoding.UTF8.GetBytes($"{{\"huge\":{{\"dtype\":\"F32\",\"shape\":[{Size / 4}],\"data_offsets\":[0,{Size}]}}}}");
        byte[] start = new byte[8 + header.Length];
        BinaryPrimitives.WriteInt64LittleEndian(start, header.Length);
        header.CopyTo(start, 8);
        File.WriteAllBytes(_path, start);
        using (FileStream file = File.OpenWrite(_path))
        {
            file.SetLength(start.Length + Size);
        }

        long read = 0;
        ModelFormatException error = Assert.Throws<ModelFormatException>(() => SafetensorsFile.Read(_path, count => read += count));
        Assert.Contains("tensor huge takes 2147483652 bytes; at most 2147483647", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, read);
    }

    [Fact]
    public void AnyBytesAreReadOrRefused()
    {
        SafetensorsWriter.Write(_path, [new("a", TensorType.F32, [2, 3], new byte[24]), new("b", TensorType.BF16, [4], new byte[8])]);
        byte[] valid = File.ReadAllBytes(_path);
        Gen.Select(Gen.Int[0, valid.Length - 1], Gen.Byte, Gen.Int[0, valid.Length]).Sample((at, value, length) =>
        {
            byte[] changed = (byte[])valid.Clone();
            changed[at] = value;
            string path = $"{_path}.{Environment.CurrentManagedThreadId}";
            File.WriteAllBytes(path, changed[..length]);
            try
            {
                using SafetensorsFile file = SafetensorsFile.Read(path);
                return file.Tensors.All(t => t.Offset + t.Length <= length);
            }
            catch (ModelFormatException)
            {
                return true;
            }
            finally
            {
                File.Delete(path);
            }
        }, iter: 2000);
    }

    [Fact]
    public void WriterRefusesWhatDoesNotFit()
    {
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(_path, [new("a", TensorType.F32, [2], new byte[7])]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(_path, [new("a", TensorType.F32, [1], new byte[4]), new("a", TensorType.F32, [1], new byte[4])]));
    }
}
