namespace Verathos.Testing;

/// <summary>Finds the recorded evidence and models that tests read; they are never part of the repository.</summary>
internal static class Vectors
{
    /// <summary>The path of a file or folder under the vectors folder; skips the test, and says so, where it is absent.</summary>
    public static string Path(string relative) => Require("VERATHOS_VECTORS", "../shared/vectors", relative);

    /// <summary>The path of a file or folder under the models folder; skips the test, and says so, where it is absent.</summary>
    public static string Model(string relative) => Require("VERATHOS_MODELS", "../shared/models", relative);

    /// <summary>The root of the repository: the nearest folder above the test binary that holds Verathos.sln.</summary>
    public static string RepositoryRoot { get; } = FindRoot();

    private static string Require(string variable, string fallback, string relative)
    {
        string root = Environment.GetEnvironmentVariable(variable) is { Length: > 0 } set
            ? set
            : System.IO.Path.GetFullPath(System.IO.Path.Combine(RepositoryRoot, fallback));
        string path = System.IO.Path.Combine(root, relative);
        if (!File.Exists(path) && !Directory.Exists(path))
        {
            Assert.Skip($"{relative} is not there: set {variable} to the folder that holds it");
        }

        return path;
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "Verathos.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("Verathos.sln is in no folder above the test binary");
    }
}
