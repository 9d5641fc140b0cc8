using System.Runtime.InteropServices;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;

namespace Verathos.GpuRuntime.Compute.Lane16;

/// <summary>Intermediate results of one pass in one block of memory, so that they can be overwritten in one go.</summary>
internal sealed unsafe class Scratch
{
    private const int Rows = Lane16Backend.MaximumRows;
    private readonly (long Start, long Size)[] _regions;
    private readonly float* _workers;
    private readonly long _workerSize;
    private readonly long _scoresSize;
    private readonly long _attentionSize;
    private readonly int _workerCount;
    private int _rows;
    private int _positions;

    public Scratch(ModelConfig config, int headStride, int maxContext, int workers, long roomSize)
    {
        int queries = config.Heads * config.HeadSize;
        ExpertConfig? experts = config.Experts;
        int intermediate = experts is null ? config.IntermediateSize : Math.Max(experts.IntermediateSize, experts.SharedIntermediateSize);
        int projected = Math.Max(queries + (2 * config.KvHeads * config.HeadSize), 2 * intermediate);
        ScoreSize = AttentionBlock.ScoreSize(maxContext);
        _scoresSize = (long)AttentionBlock.MostQueries * ScoreSize;
        _attentionSize = AttentionBlock.RoomSize(headStride);
        _workerSize = _scoresSize + _attentionSize + ((roomSize + Lanes.Step - 1) / Lanes.Step * Lanes.Step);
        _workerCount = workers;
        int[] widths =
        [
            config.HiddenSize,
            Lanes.Pad(config.HiddenSize),
            projected,
            config.Heads * headStride,
            Lanes.Pad(queries),
            config.HiddenSize,
            Lanes.Pad(intermediate),
            experts?.Count ?? 0,
            experts?.PerToken ?? 0,
            experts?.PerToken ?? 0,
            experts is null ? 0 : Lanes.Pad(config.HiddenSize),
            experts is null ? 0 : config.HiddenSize,
        ];
        _regions = new (long, long)[widths.Length];
        long size = 0;
        for (int i = 0; i < widths.Length; i++)
        {
            _regions[i] = (size, widths[i]);
            size += (long)Rows * widths[i];
        }

        Memory = new PrivateMemory((size + (workers * _workerSize)) * sizeof(float));
        Stream = At(0);
        Normed = At(1);
        Projected = At(2);
        Queries = At(3);
        Attended = At(4);
        Added = At(5);
        Activated = At(6);
        Router = At(7);
        Chosen = (int*)At(8);
        Shares = At(9);
        ExpertInputs = At(10);
        ExpertOutputs = At(11);
        _workers = (float*)Memory.Pointer + size;
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

    /// <summary>Floats from one query's attention weights to the next one's.</summary>
    public int ScoreSize { get; }

    /// <summary>A worker's attention weights.</summary>
    public float* Scores(int worker) => _workers + (worker * _workerSize);

    /// <summary>A worker's room for a block of attention.</summary>
    public float* Attention(int worker) => Scores(worker) + _scoresSize;

    /// <summary>A worker's room for weights in binary32.</summary>
    public float* Panel(int worker) => Attention(worker) + _attentionSize;

    /// <summary>Says what the next pass will write.</summary>
    /// <param name="rows">Rows that it computes.</param>
    /// <param name="positions">The most positions that a row sees.</param>
    public void Use(int rows, int positions) => (_rows, _positions) = (Math.Max(_rows, rows), Math.Max(_positions, positions));

    /// <summary>Overwrites whatever was written since the last time.</summary>
    public void Clear()
    {
        foreach ((long start, long width) in _regions)
        {
            Clear((float*)Memory.Pointer + start, _rows * width);
        }

        for (int worker = 0; worker < _workerCount; worker++)
        {
            for (int query = 0; query < AttentionBlock.MostQueries; query++)
            {
                Clear(Scores(worker) + ((long)query * ScoreSize), AttentionBlock.ScoreSize(_positions));
            }

            Clear(Attention(worker), _workerSize - _scoresSize);
        }

        (_rows, _positions) = (0, 0);
    }

    private static void Clear(float* from, long count) => NativeMemory.Clear(from, (nuint)(count * sizeof(float)));

    private float* At(int region) => (float*)Memory.Pointer + _regions[region].Start;
}
