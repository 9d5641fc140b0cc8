using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Verathos.Host.Tests.Processes;

namespace Verathos.Host.Tests.Leaks;

/// <summary>A core holds what the process holds, and is one for the tools that read cores.</summary>
public sealed class CoreFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("verathos-sleeping-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_core_holds_the_memory_of_the_process_and_ends_with_it()
    {
        await using ChildProcess child = await SleepingAsync();
        string path;
        using (CoreFile core = CoreFile.Take(child.Id))
        {
            path = core.Path;
            byte[] file = new byte[1 << 20];
            await using (FileStream stream = File.OpenRead(path))
            {
                await stream.ReadAtLeastAsync(file, 4096, cancellationToken: TestContext.Current.CancellationToken);
            }

            Assert.Equal("7F454C46020101", Convert.ToHexString(file[..7]));
            Assert.Equal((4, 62), (BinaryPrimitives.ReadInt16LittleEndian(file.AsSpan(16)), BinaryPrimitives.ReadInt16LittleEndian(file.AsSpan(18))));
            Assert.Equal(core.Segments + 1, BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(56)));

            // Each segment holds what /proc/PID/mem holds at its address.
            int compared = 0;
            for (int i = 1; i <= core.Segments && 64 + (56 * (i + 1)) <= file.Length; i++)
            {
                ReadOnlySpan<byte> header = file.AsSpan(64 + (56 * i), 56);
                long offset = BinaryPrimitives.ReadInt64LittleEndian(header[8..]);
                long address = BinaryPrimitives.ReadInt64LittleEndian(header[16..]);
                long length = BinaryPrimitives.ReadInt64LittleEndian(header[32..]);
                Assert.True(offset % 4096 == 0 && address % 4096 == 0 && length % 4096 == 0);
                compared += Same(child.Id, path, offset, address, length) ? 1 : 0;
            }

            Assert.Equal(core.Segments, compared);
            Assert.InRange(core.Bytes, 10L << 20, CoreFile.Bound);
        }

        Assert.False(File.Exists(path));
    }

    [Theory]
    [InlineData("readelf", "-h -l -n", "CORE (Core file)", "LOAD", "NT_PRSTATUS", "NT_AUXV", "NT_FILE")]
    [InlineData("file", "", "ELF 64-bit LSB core file")]
    public async Task A_core_is_one_for_the_tools_that_read_cores(string tool, string arguments, params string[] expected)
    {
        string? program = Environment.GetEnvironmentVariable("PATH")!.Split(':').Select(folder => Path.Combine(folder, tool)).FirstOrDefault(File.Exists);
        Assert.SkipWhen(program is null, $"{tool} is not installed");
        await using ChildProcess child = await SleepingAsync();
        using CoreFile core = CoreFile.Take(child.Id);
        ProcessStartInfo start = new(program!, [.. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries), core.Path])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> said = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal((0, ""), (process.ExitCode, await said));
        foreach (string part in expected)
        {
            Assert.Contains(part, output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Pages_that_were_never_touched_are_left_out_and_protected_ones_are_not()
    {
        // Anonymous and private, no access at first: what a runtime's reservation is.
        const nint length = 1 << 30;
        nint reserved = Map(0, length, 0, 0x22, -1, 0);
        Assert.NotEqual(-1, reserved);
        try
        {
            byte[] secret = RandomNumberGenerator.GetBytes(32);
            nint middle = reserved + (512 << 20);
            Assert.Equal(0, Protect(middle, 8192, 3));
            Marshal.Copy(secret, 0, middle, secret.Length);
            Assert.Equal(0, Protect(middle, 8192, 0));

            MemoryMapping mapping = MemoryMapping.Of(Environment.ProcessId)
                .Single(item => item.Start <= (ulong)middle && (ulong)middle < item.End);
            using FileStream pagemap = new("/proc/self/pagemap", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);

            Assert.True(mapping.HasPages);
            Assert.Equal([((ulong)middle, (ulong)middle + 4096)], mapping.Present(pagemap));
        }
        finally
        {
            Assert.Equal(0, Unmap(reserved, length));
        }
    }

    private async Task<ChildProcess> SleepingAsync()
    {
        ChildProcess child = ChildProcess.Start(_folder, Programs.ControlHost, "none", Path.Combine(_folder, "no.sock"));
        await child.AddressAsync();
        child.Signal(NativeSignal.Stop);
        await Eventually.TrueAsync(() => Directory.EnumerateDirectories($"/proc/{child.Id}/task")
            .All(thread => File.ReadAllText(Path.Combine(thread, "stat")).Split(") ")[^1][0] == 'T'));
        return child;
    }

    private static bool Same(int process, string path, long offset, long address, long length)
    {
        using FileStream file = File.OpenRead(path);
        using FileStream memory = new($"/proc/{process}/mem", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        byte[] held = new byte[4096];
        byte[] actual = new byte[4096];

        // The last page that a segment holds is one that is there.
        RandomAccess.Read(file.SafeFileHandle, held, offset + length - 4096);
        try
        {
            RandomAccess.Read(memory.SafeFileHandle, actual, address + length - 4096);
        }
        catch (IOException)
        {
            return !held.AsSpan().ContainsAnyExcept((byte)0);
        }

        return held.AsSpan().SequenceEqual(actual);
    }

    [DllImport("libc", EntryPoint = "mmap")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint Map(nint address, nint length, int protection, int flags, int descriptor, nint offset);

    [DllImport("libc", EntryPoint = "mprotect")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Protect(nint address, nint length, int protection);

    [DllImport("libc", EntryPoint = "munmap")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Unmap(nint address, nint length);
}
