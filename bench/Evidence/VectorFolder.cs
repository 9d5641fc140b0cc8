namespace Verathos.Bench.Evidence;

/// <summary>Where recorded evidence lies.</summary>
public static class VectorFolder
{
    /// <summary>
    /// The folder that VERATHOS_VECTORS names, or the nearest <c>shared/vectors</c> at or above the current folder or the program. It need not
    /// be there: then what is recorded is left out.
    /// </summary>
    public static string Find()
    {
        if (Environment.GetEnvironmentVariable("VERATHOS_VECTORS") is { Length: > 0 } set)
        {
            return set;
        }

        string relative = Path.Combine("shared", "vectors");
        foreach (string start in (string[])[Environment.CurrentDirectory, AppContext.BaseDirectory])
        {
            for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent)
            {
                string candidate = Path.Combine(folder.FullName, relative);
                if (Directory.Exists(candidate))
                {
                    return candidate;
                }
            }
        }

        return relative;
    }
}
