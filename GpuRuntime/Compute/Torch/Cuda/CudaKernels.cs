using System.Globalization;
using TorchSharp;
using Verathos.GpuRuntime.Native;
using Verathos.GpuRuntime.Native.Cuda;
using static TorchSharp.torch;

namespace Verathos.GpuRuntime.Compute.Torch.Cuda;

/// <summary>The kernels of kernels.cu for one type of elements. Shapes and sizes are the caller's to keep.</summary>
internal sealed unsafe class CudaKernels
{
    /// <summary>The most elements of a head.</summary>
    public const int LargestHead = 512;

    private const int Span = 128;
    private static readonly string[] s_names = ["look_up", "add_norm", "place_heads", "attend", "gate_up"];
    private readonly IntPtr[] _kernels;
    private readonly delegate* unmanaged<IntPtr, IntPtr> _data;

    /// <summary>Compiles the kernels for the first device.</summary>
    /// <param name="type">Binary32 or bfloat16.</param>
    public CudaKernels(ScalarType type)
    {
        using StreamReader reader = new(typeof(CudaKernels).Assembly.GetManifestResourceStream("kernels.cu")!);
        string wide = type == ScalarType.Float32 ? "1" : "0";
        byte[] code = new CudaCompiler().Compile(
            reader.ReadToEnd(),
            [$"--gpu-architecture={CudaRuntime.Architecture}", "--fmad=false", $"-DWIDE={wide}", string.Create(CultureInfo.InvariantCulture, $"-DSPAN={Span}")]);
        _kernels = CudaDriver.LoadKernels(code, s_names);
        _data = (delegate* unmanaged<IntPtr, IntPtr>)NativeRuntime.BindingExport("THSTensor_data");
    }

    /// <summary>The stream that kernels are started on; null is the one that libtorch's operators use.</summary>
    public CudaStream? Stream { get; set; }

    /// <summary>A tensor's address on the device.</summary>
    public ulong Address(Tensor? tensor) => tensor is null ? 0 : (ulong)_data(tensor.Handle);

    /// <summary>Copies a table's row for each id.</summary>
    /// <param name="table">[ids, width].</param>
    /// <param name="ids">The address of 64-bit ids.</param>
    /// <param name="result">[rows, width].</param>
    public void LookUp(Tensor table, ulong ids, Tensor result) =>
        CudaDriver.Launch(Stream, _kernels[0], Rows(result), 1, Span, [Address(table), ids, Address(result), Word(result.shape[1])]);

    /// <summary>Adds to rows, where there is something to add, and normalises them.</summary>
    /// <param name="x">[rows, width]; changed where <paramref name="more"/> is not null.</param>
    /// <param name="more">[rows, width], or null.</param>
    /// <param name="weight">[width], binary32.</param>
    /// <param name="result">[rows, width].</param>
    /// <param name="epsilon">Of the norm.</param>
    public void AddNorm(Tensor x, Tensor? more, Tensor weight, Tensor result, float epsilon) =>
        CudaDriver.Launch(Stream, _kernels[1], Rows(x), 1, Span, [Address(x), Address(more), Address(weight), Address(result), Word(x.shape[1]), Word(epsilon)]);

    /// <summary>Finishes the heads of a layer: queries to a buffer, keys and values to their sequences.</summary>
    /// <param name="projected">[rows, (heads + 2 key heads) size].</param>
    /// <param name="layer">Biases and norms.</param>
    /// <param name="tables">Cosines and sines, [positions, size / 2].</param>
    /// <param name="places">A place of kernels.cu for each row.</param>
    /// <param name="queries">[rows, heads size].</param>
    /// <param name="index">The layer's number.</param>
    /// <param name="heads">Heads of queries, of keys, and their size.</param>
    /// <param name="epsilon">Of the norms.</param>
    public void PlaceHeads(Tensor projected, TorchLayer layer, (Tensor Cosines, Tensor Sines) tables, Tensor places, Tensor queries, int index, (int Queries, int Keys, int Size) heads, float epsilon) =>
        CudaDriver.Launch(
            Stream,
            _kernels[2],
            Rows(projected),
            heads.Queries + (2 * heads.Keys),
            Span,
            [
                Address(projected), Address(layer.Bias), Address(layer.QueryNorm), Address(layer.KeyNorm), Address(tables.Cosines), Address(tables.Sines),
                Address(places), Address(queries), Word(index), Word(heads.Queries), Word(heads.Keys), Word(heads.Size), Word(epsilon),
            ]);

    /// <summary>Attention of every row to its own sequence.</summary>
    public void Attend(Tensor queries, Tensor places, Tensor result, int index, (int Queries, int Keys, int Size) heads, int window, float scale) =>
        CudaDriver.Launch(
            Stream,
            _kernels[3],
            Rows(queries),
            heads.Queries,
            Span,
            [Address(queries), Address(places), Address(result), Word(index), Word(heads.Queries), Word(heads.Keys), Word(heads.Size), Word(window), Word(scale)]);

    /// <summary>silu(gate) up for rows [2 width] of gates and ups, to rows [width].</summary>
    public void GateUp(Tensor both, Tensor result)
    {
        int width = (int)result.shape[1];
        CudaDriver.Launch(Stream, _kernels[4], Rows(both), (width + Span - 1) / Span, Span, [Address(both), Address(result), Word(width)]);
    }

    private static int Rows(Tensor x) => (int)x.shape[0];

    private static ulong Word(long value) => (uint)(int)value;

    private static ulong Word(float value) => BitConverter.SingleToUInt32Bits(value);
}
