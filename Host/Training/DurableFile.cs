namespace Verathos.Host.Training;

/// <summary>Files that are there whole or not at all, however a process ends.</summary>
internal static class DurableFile
{
    /// <summary>Writes a file through to the disk under another name and renames it.</summary>
    public static void Write(string path, ReadOnlySpan<byte> bytes, bool isSecret = false)
    {
        string partial = path + ".partial";
        FileStreamOptions options = new() { Mode = FileMode.Create, Access = FileAccess.Write };
        if (isSecret && !OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (FileStream file = new(partial, options))
        {
            file.Write(bytes);
            file.Flush(flushToDisk: true);
        }

        File.Move(partial, path, overwrite: true);
    }
}
