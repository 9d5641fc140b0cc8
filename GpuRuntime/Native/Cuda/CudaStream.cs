using System.Runtime.InteropServices;

namespace Verathos.GpuRuntime.Native.Cuda;

/// <summary>
/// A stream of its own, which libtorch's operators on this thread use, too, until it is disposed on that thread: what is started on it can be recorded
/// once and started again as a whole.
/// </summary>
internal sealed unsafe partial class CudaStream : IDisposable
{
    private const uint NonBlocking = 1;
    private const int Relaxed = 2;

    // While one stream records, nobody may wait for all of them.
    private static readonly Lock s_one = new();
    private readonly IntPtr _guard;

    /// <summary>Makes a stream, after waiting for everything that was started before.</summary>
    public CudaStream()
    {
        s_one.Enter();
        try
        {
            CudaDriver.Enter();
            CudaDriver.Synchronize();
            IntPtr stream;
            CudaDriver.Check(cuStreamCreate(&stream, NonBlocking));
            Handle = stream;
            _guard = LibtorchShim.Use(stream);
        }
        catch
        {
            s_one.Exit();
            throw;
        }
    }

    /// <summary>The driver's handle.</summary>
    public IntPtr Handle { get; }

    /// <summary>Runs work once, so that libraries keep what they need for it, then records it.</summary>
    public CudaGraph Record(Action work)
    {
        work();
        CudaDriver.Check(cuStreamSynchronize(Handle));
        CudaDriver.Check(cuStreamBeginCapture(Handle, Relaxed));
        IntPtr graph = 0;
        try
        {
            work();
        }
        finally
        {
            CudaDriver.Check(cuStreamEndCapture(Handle, &graph));
        }

        return new CudaGraph(graph);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            LibtorchShim.Leave(_guard);
            CudaDriver.Check(cuStreamDestroy(Handle));
        }
        finally
        {
            s_one.Exit();
        }
    }

    [LibraryImport("libcuda.so.1")]
    private static partial int cuStreamCreate(IntPtr* stream, uint flags);

    [LibraryImport("libcuda.so.1")]
    private static partial int cuStreamSynchronize(IntPtr stream);

    [LibraryImport("libcuda.so.1", EntryPoint = "cuStreamBeginCapture_v2")]
    private static partial int cuStreamBeginCapture(IntPtr stream, int mode);

    [LibraryImport("libcuda.so.1")]
    private static partial int cuStreamEndCapture(IntPtr stream, IntPtr* graph);

    [LibraryImport("libcuda.so.1", EntryPoint = "cuStreamDestroy_v2")]
    private static partial int cuStreamDestroy(IntPtr stream);
}
