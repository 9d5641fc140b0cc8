using Verathos.Testing;

namespace Verathos.Host.Tests.Processes;

/// <summary>The built programs that tests start as processes.</summary>
internal static class Programs
{
    /// <summary>The program itself, as it is built.</summary>
    public static string Verathos { get; } = Built("Host", "verathos.dll");

    /// <summary>The front that leaks on purpose.</summary>
    public static string ControlHost { get; } = Built("ControlHost", "Verathos.ControlHost.dll");

    private static string Built(string project, string file)
    {
        // artifacts/bin/Host.Tests/CONFIGURATION/ holds this test; the programs lie beside it by project.
        string configuration = Path.GetFileName(AppContext.BaseDirectory.TrimEnd('/'));
        return Path.Combine(Vectors.RepositoryRoot, "artifacts", "bin", project, configuration, file);
    }
}
