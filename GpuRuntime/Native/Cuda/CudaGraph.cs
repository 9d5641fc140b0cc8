using System.Runtime.InteropServices;

namespace Verathos.GpuRuntime.Native.Cuda;

/// <summary>Recorded work. Whatever addresses it reads and writes must stay valid while it is used.</summary>
internal sealed unsafe partial class CudaGraph : IDisposable
{
    private readonly IntPtr _graph;
    private readonly IntPtr _executable;

    /// <summary>Prepares a recorded graph, and owns it.</summary>
    public CudaGraph(IntPtr graph)
    {
        IntPtr executable;
        CudaDriver.Check(cuGraphInstantiateWithFlags(&executable, graph, 0));
        (_graph, _executable) = (graph, executable);
    }

    /// <summary>Starts the work on the stream that libtorch's operators use.</summary>
    public void Launch() => CudaDriver.Check(cuGraphLaunch(_executable, 0));

    /// <inheritdoc/>
    public void Dispose()
    {
        CudaDriver.Enter();
        CudaDriver.Check(cuGraphExecDestroy(_executable));
        CudaDriver.Check(cuGraphDestroy(_graph));
    }

    [LibraryImport("libcuda.so.1")]
    private static partial int cuGraphInstantiateWithFlags(IntPtr* executable, IntPtr graph, ulong flags);

    [LibraryImport("libcuda.so.1")]
    private static partial int cuGraphLaunch(IntPtr executable, IntPtr stream);

    [LibraryImport("libcuda.so.1")]
    private static partial int cuGraphExecDestroy(IntPtr executable);

    [LibraryImport("libcuda.so.1")]
    private static partial int cuGraphDestroy(IntPtr graph);
}
