using Verathos.Testing;
using Xunit;

[assembly: AssemblyFixture(typeof(RunFolder))]

namespace Verathos.Testing;

/// <summary>A temporary folder for what all tests of a run share; made when first asked for, and gone when the run ends.</summary>
internal sealed class RunFolder : IDisposable
{
    private static readonly Lazy<string> Folder = new(() => Directory.CreateTempSubdirectory("verathos-run-").FullName);

    /// <summary>The path of a part of the folder that only the caller uses.</summary>
    public static string Path(string part) => System.IO.Path.Combine(Folder.Value, part);

    public void Dispose()
    {
        if (Folder.IsValueCreated)
        {
            Directory.Delete(Folder.Value, recursive: true);
        }
    }
}
