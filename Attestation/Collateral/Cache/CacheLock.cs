namespace Verathos.Attestation.Collateral.Cache;

/// <summary>
/// The lock of a cache's folder: several readers or one writer, among threads and processes. The system holds it for an open file
/// and releases it when the process ends, however it ends.
/// </summary>
internal sealed class CacheLock : IDisposable
{
    private const string FileName = "lock";
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(40);

    private readonly FileStream? _file;

    private CacheLock(FileStream? file) => _file = file;

    /// <summary>Waits for the lock of a folder that exists. A reader of a folder that was never written needs none.</summary>
    /// <exception cref="IOException">Others held it for half a minute, or the folder cannot be used.</exception>
    public static async Task<CacheLock> AcquireAsync(string folder, bool exclusive, CancellationToken cancellationToken)
    {
        string path = Path.Combine(folder, FileName);
        if (!exclusive && !File.Exists(path))
        {
            return new CacheLock(null);
        }

        long started = TimeProvider.System.GetTimestamp();
        TimeSpan pause = TimeSpan.FromMilliseconds(2);
        while (true)
        {
            try
            {
                return new CacheLock(exclusive
                    ? new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None)
                    : new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read));
            }
            catch (IOException e) when (e is not (DirectoryNotFoundException or FileNotFoundException or PathTooLongException)
                && TimeProvider.System.GetElapsedTime(started) < LongestWait)
            {
                await Task.Delay(pause, cancellationToken).ConfigureAwait(false);
                pause = pause < LongestPause ? 2 * pause : LongestPause;
            }
        }
    }

    /// <summary>Releases the lock.</summary>
    public void Dispose() => _file?.Dispose();
}
