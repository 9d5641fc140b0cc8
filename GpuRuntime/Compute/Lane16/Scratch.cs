using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Compute.Lane16;

/// <summary>Intermediate results of one pass in one block of memory, so that they can be overwritten in one go.</summary>
internal sealed unsafe class Scratch
{
    private const int Rows = Lane16Backend.MaximumRows;
    private readonly float* _workers;
    private readonly long _workerSize;
    private readonly int _scoreSize;
    private readonly int _headStride;

    public Scratch(ModelConfig config, int headStride, int maxContext, int workers, long roomSize)
    {
        int queries = config.Heads * config.HeadSize;
        ExpertConfig? experts = config.Experts;
        int intermediate = experts is null ? config.IntermediateSize : Math.Max(experts.IntermediateSize, experts.SharedIntermediateSize);
        int projected = Math.Max(queries + (2 * config.KvHeads * config.HeadSize), 2 * intermediate);
        _scoreSize = Lanes.Pad(maxContext);
        _workerSize = _scoreSize + headStride + ((roomSize + Lanes.Step - 1) / Lanes.Step * Lanes.Step);
        _headStride = headStride;
        long[] sizes =
        [
            (long)Rows * config.HiddenSize,
            (long)Rows * Lanes.Pad(config.HiddenSize),
            (long)Rows * projected,
            (long)Rows * config.Heads * headStride,
            (long)Rows * Lanes.Pad(queries),
            (long)Rows * config.HiddenSize,
            (long)Rows * Lanes.Pad(intermediate),
            workers * _workerSize,
            experts is null ? 0 : (long)Rows * experts.Count,
            experts is null ? 0 : (long)Rows * experts.PerToken,
            experts is null ? 0 : (long)Rows * experts.PerToken,
            experts is null ? 0 : (long)Rows * Lanes.Pad(config.HiddenSize),
            experts is null ? 0 : (long)Rows * config.HiddenSize,
        ];
        Memory = new PrivateMemory(sizes.Sum() * sizeof(float));
        float* at = (float*)Memory.Pointer;
        Stream = at;
        Normed = Stream + sizes[0];
        Projected = Normed + sizes[1];
        Queries = Projected + sizes[2];
        Attended = Queries + sizes[3];
        Added = Attended + sizes[4];
        Activated = Added + sizes[5];
        _workers = Activated + sizes[6];
        Router = _workers + sizes[7];
        Chosen = (int*)(Router + sizes[8]);
        Shares = (float*)Chosen + sizes[9];
        ExpertInputs = Shares + sizes[10];
        ExpertOutputs = ExpertInputs + sizes[11];
    }

    public PrivateMemory Memory { get; }

    /// <summary>The residual stream [rows, hidden].</summary>
    public float* Stream { get; }

    /// <summary>The normed stream, packed.</summary>
    public float* Normed { get; }

    /// <summary>Queries, keys and values, or gate and up.</summary>
    public float* Projected { get; }

    /// <summary>Turned queries, packed by head.</summary>
    public float* Queries { get; }

    /// <summary>Attention's result, packed.</summary>
    public float* Attended { get; }

    /// <summary>What is added to the stream [rows, hidden].</summary>
    public float* Added { get; }

    /// <summary>SwiGLU's result, packed.</summary>
    public float* Activated { get; }

    /// <summary>The router's logits, then the experts' exponentials [rows, experts].</summary>
    public float* Router { get; }

    /// <summary>The experts of each row, ascending [rows, experts per token].</summary>
    public int* Chosen { get; }

    /// <summary>Their shares [rows, experts per token].</summary>
    public float* Shares { get; }

    /// <summary>The normed stream of one expert's rows, packed.</summary>
    public float* ExpertInputs { get; }

    /// <summary>One expert's results [rows, hidden].</summary>
    public float* ExpertOutputs { get; }

    /// <summary>A worker's attention weights.</summary>
    public float* Scores(int worker) => _workers + (worker * _workerSize);

    /// <summary>A worker's mixed values of one head, packed.</summary>
    public float* Mixed(int worker) => Scores(worker) + _scoreSize;

    /// <summary>A worker's room for weights in binary32.</summary>
    public float* Panel(int worker) => Mixed(worker) + _headStride;
}
