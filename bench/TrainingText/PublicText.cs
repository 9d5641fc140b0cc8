using System.ComponentModel;
using System.Diagnostics;

namespace Verathos.Bench.TrainingText;

/// <summary>
/// The World English Bible, which its makers gave to the public domain, from Debian's package sword-text-web: the installed one where there
/// is one, else fetched by apt-get and unpacked by dpkg-deb into a cache folder, for which no rights are needed.
/// </summary>
public static class PublicText
{
    /// <summary>The Debian package.</summary>
    public const string Package = "sword-text-web";

    private const string Module = "usr/share/sword/modules/texts/ztext/engWEB2015eb";

    /// <summary>The verses in their order.</summary>
    /// <param name="cacheFolder">Where the package is unpacked once.</param>
    /// <param name="packageFile">A package that was fetched otherwise; null to look for the installed one and to fetch.</param>
    /// <param name="cancellationToken">Stops fetching.</param>
    /// <exception cref="PublicTextException">It can neither be found nor fetched, or not be read.</exception>
    public static async Task<IReadOnlyList<string>> ReadAsync(string cacheFolder, string? packageFile, CancellationToken cancellationToken)
    {
        if (packageFile is null && IsThere("/" + Module))
        {
            return SwordText.Read("/" + Module);
        }

        string unpacked = Path.Combine(cacheFolder, Package);
        if (packageFile is not null || !IsThere(Path.Combine(unpacked, Module)))
        {
            await UnpackAsync(cacheFolder, unpacked, packageFile, cancellationToken).ConfigureAwait(false);
        }

        return SwordText.Read(Path.Combine(unpacked, Module));
    }

    private static bool IsThere(string module) => File.Exists(Path.Combine(module, "nt.bzz")) && File.Exists(Path.Combine(module, "ot.bzz"));

    // Into a folder of its own first, so that a stop leaves nothing half unpacked behind.
    private static async Task UnpackAsync(string cacheFolder, string unpacked, string? packageFile, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(cacheFolder);
        string work = Directory.CreateDirectory(Path.Combine(cacheFolder, $".{Package}-{Guid.NewGuid():N}")).FullName;
        try
        {
            string? file = packageFile is null ? null : Path.GetFullPath(packageFile);
            if (file is null)
            {
                await RunAsync("apt-get", ["download", Package], work, cancellationToken).ConfigureAwait(false);
                file = Directory.GetFiles(work, "*.deb").SingleOrDefault() ?? throw Unreachable("apt-get fetched nothing");
            }

            string target = Path.Combine(work, "unpacked");
            await RunAsync("dpkg-deb", ["--extract", file, target], work, cancellationToken).ConfigureAwait(false);
            if (!IsThere(Path.Combine(target, Module)))
            {
                throw Unreachable($"the package does not hold {Module}");
            }

            if (Directory.Exists(unpacked))
            {
                Directory.Delete(unpacked, recursive: true);
            }

            Directory.Move(target, unpacked);
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private static async Task RunAsync(string program, string[] arguments, string folder, CancellationToken cancellationToken)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
        };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw Unreachable($"{program} cannot be started: {e.Message}", e);
        }

        using (process)
        {
            process.StandardInput.Close();
            Task<string> output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            Task<string> errors = process.StandardError.ReadToEndAsync(cancellationToken);
            try
            {
                await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
                await output.ConfigureAwait(false);
                string said = (await errors.ConfigureAwait(false)).Trim();
                if (process.ExitCode != 0)
                {
                    throw Unreachable($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {said.Split('\n')[^1]}");
                }
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                throw;
            }
        }
    }

    private static PublicTextException Unreachable(string why, Exception? cause = null)
    {
        string message = $"the text cannot be had ({why}): install the Debian package {Package} (apt-get update && apt-get install {Package}), or fetch its .deb elsewhere and name it with --package";
        return cause is null ? new PublicTextException(message) : new PublicTextException(message, cause);
    }
}
