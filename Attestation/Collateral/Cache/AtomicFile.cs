using System.Security.Cryptography;

namespace Verathos.Attestation.Collateral.Cache;

/// <summary>Files that are there whole or not at all, whenever the writer ends.</summary>
internal static class AtomicFile
{
    private const string Suffix = ".tmp";

    /// <summary>Writes beside the target, waits for the disk, and puts it in the target's place.</summary>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        string temporary = $"{path}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}{Suffix}";
        try
        {
            using (FileStream file = new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Removes what writers left that were killed. Only who holds the exclusive lock may, since nobody writes then.</summary>
    public static void RemoveLeftovers(string folder, SearchOption depth)
    {
        if (!Directory.Exists(folder))
        {
            return;
        }

        foreach (string leftover in Directory.EnumerateFiles(folder, $"*.json.*{Suffix}", depth))
        {
            File.Delete(leftover);
        }
    }
}
