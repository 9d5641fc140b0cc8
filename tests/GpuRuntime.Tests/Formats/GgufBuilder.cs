using System.Text;

namespace Verathos.GpuRuntime.Tests.Formats;

/// <summary>Writes GGUF files, true ones and false ones.</summary>
internal sealed class GgufBuilder
{
    private readonly List<Action<BinaryWriter>> _entries = [];
    private readonly List<Action<BinaryWriter>> _tensors = [];

    public uint Version { get; set; } = 3;

    public ulong? TensorCount { get; set; }

    public ulong? EntryCount { get; set; }

    public byte[] Data { get; set; } = [];

    public GgufBuilder Entry(string key, uint type, Action<BinaryWriter> value)
    {
        _entries.Add(writer =>
        {
            Text(writer, key);
            writer.Write(type);
            value(writer);
        });
        return this;
    }

    public GgufBuilder Tensor(string name, uint type, ulong offset, params ulong[] dimensions)
    {
        _tensors.Add(writer =>
        {
            Text(writer, name);
            writer.Write((uint)dimensions.Length);
            foreach (ulong dimension in dimensions)
            {
                writer.Write(dimension);
            }

            writer.Write(type);
            writer.Write(offset);
        });
        return this;
    }

    public void Write(string path)
    {
        using BinaryWriter writer = new(File.Create(path));
        writer.Write("GGUF"u8);
        writer.Write(Version);
        writer.Write(TensorCount ?? (ulong)_tensors.Count);
        writer.Write(EntryCount ?? (ulong)_entries.Count);
        _entries.ForEach(entry => entry(writer));
        _tensors.ForEach(tensor => tensor(writer));
        while (writer.BaseStream.Position % 32 != 0)
        {
            writer.Write((byte)0);
        }

        writer.Write(Data);
    }

    public static void Text(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }
}
