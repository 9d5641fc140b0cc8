using System.Globalization;

namespace Verathos.Host.Doctor;

/// <summary>Sizes as people write them.</summary>
internal static class Sizes
{
    /// <summary>Bytes in MiB below one GiB, in GiB above.</summary>
    public static string Text(long bytes) => bytes < 1L << 30
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 20):0.#} MiB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.#} GiB");
}
