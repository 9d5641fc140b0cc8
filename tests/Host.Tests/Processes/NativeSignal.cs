using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Verathos.Host.Tests.Processes;

/// <summary>Sends signals to a test's own children; numbers as on Linux.</summary>
internal static class NativeSignal
{
    public const int Interrupt = 2;
    public const int Kill = 9;
    public const int Terminate = 15;
    public const int Continue = 18;
    public const int Stop = 19;

    public static void Send(int process, int signal)
    {
        if (Call(process, signal) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Call(int process, int signal);
}
