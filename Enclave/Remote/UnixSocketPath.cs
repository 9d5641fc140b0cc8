using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Verathos.Enclave.Platform;

namespace Verathos.Enclave.Remote;

/// <summary>The file of a Unix socket: free to take, and open to its owner only.</summary>
internal static class UnixSocketPath
{
    // sockaddr_un has 108 bytes on Linux, the last of them zero.
    private const int MaxLength = 107;

    /// <summary>Removes a socket that a process left behind when it was killed.</summary>
    /// <exception cref="PlatformException">The path cannot be a socket, or another process listens there.</exception>
    public static void Claim(string path)
    {
        if (System.Text.Encoding.UTF8.GetByteCount(path) > MaxLength)
        {
            throw new PlatformException($"The socket's path has more than {MaxLength} bytes: choose a shorter one.");
        }

        if (Path.GetDirectoryName(path) is { Length: > 0 } folder && !Directory.Exists(folder))
        {
            throw new PlatformException($"The folder {folder} of the socket does not exist: make it first, for the enclave's user only.");
        }

        if (!File.Exists(path))
        {
            return;
        }

        using Socket probe = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionRefused)
        {
            // Either a socket without a listener, or no socket at all: only the first may be removed.
            if (IsFile(path))
            {
                throw new PlatformException($"{path} is a file and no socket: choose another path.");
            }

            File.Delete(path);
            return;
        }
        catch (SocketException exception)
        {
            throw new PlatformException($"{path} cannot be used for the socket: {exception.SocketErrorCode}.", exception);
        }

        throw new PlatformException($"Another process already listens on {path}: stop it, or choose another path.");
    }

    private static bool IsFile(string path)
    {
        try
        {
            // A socket cannot be opened like a file.
            using SafeFileHandle handle = File.OpenHandle(path);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            return true;
        }
    }

    /// <summary>Runs an action while new files are readable and writable by their owner only.</summary>
    public static async Task WithPrivateFilesAsync(Func<Task> action)
    {
        if (OperatingSystem.IsWindows())
        {
            await action().ConfigureAwait(false);
            return;
        }

        uint before = SetMask(Convert.ToUInt32("177", 8));
        try
        {
            await action().ConfigureAwait(false);
        }
        finally
        {
            _ = SetMask(before);
        }
    }

    [DllImport("libc", EntryPoint = "umask")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint SetMask(uint mask);
}
