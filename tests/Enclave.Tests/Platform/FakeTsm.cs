using System.Globalization;
using Verathos.Enclave.Platform;

namespace Verathos.Enclave.Tests.Platform;

/// <summary>
/// A configfs entry as a plain folder, with the kernel's part played here: a write of <c>inblob</c> raises <c>generation</c>
/// and puts a quote, the report data with "quote:" before it, into <c>outblob</c>.
/// </summary>
internal sealed class FakeTsm : TsmFiles, IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("verathos-tsm-");
    private readonly string _folder;

    public FakeTsm(string provider = "tdx_guest")
    {
        _folder = Path.Combine(Root, Entry);
        Directory.CreateDirectory(_folder);
        File.WriteAllText(Path.Combine(_folder, "provider"), provider + "\n");
        File.WriteAllText(Path.Combine(_folder, "generation"), "0\n");
        File.WriteAllText(Path.Combine(_folder, "inblob"), "");
        File.WriteAllText(Path.Combine(_folder, "outblob"), "");
    }

    public string Root => _root.FullName;

    public string Entry => "verathos";

    public int Generation { get; private set; }

    /// <summary>How many quotes a foreign writer spoils.</summary>
    public int ForeignWrites { get; set; }

    /// <summary>The service behind the kernel gives nothing.</summary>
    public bool Empty { get; set; }

    /// <summary>What was written last.</summary>
    public byte[] Input { get; private set; } = [];

    public override async Task<byte[]> ReadAsync(string path, int limit, CancellationToken cancellationToken)
    {
        if (Path.GetFileName(path) == "outblob" && ForeignWrites > 0)
        {
            ForeignWrites--;
            Answer(new byte[64]);
        }

        return await base.ReadAsync(path, limit, cancellationToken);
    }

    public override async Task WriteAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        await base.WriteAsync(path, content, cancellationToken);
        Assert.Equal(Path.Combine(_folder, "inblob"), path);
        Input = File.ReadAllBytes(path);
        Answer(Input);
    }

    public void Dispose() => _root.Delete(recursive: true);

    private void Answer(byte[] input)
    {
        Generation++;
        File.WriteAllText(Path.Combine(_folder, "generation"), Generation.ToString(CultureInfo.InvariantCulture) + "\n");
        File.WriteAllBytes(Path.Combine(_folder, "outblob"), Empty ? [] : [.. "quote:"u8, .. input]);
    }
}
