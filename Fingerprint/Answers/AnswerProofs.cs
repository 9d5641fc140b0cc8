using System.Security.Cryptography;
using Verathos.Fingerprint.Numerics;
using Verathos.Fingerprint.Sketches;
using Verathos.Fingerprint.Toploc;
using Verathos.Fingerprint.Trace;

namespace Verathos.Fingerprint.Answers;

/// <summary>
/// An answer's TOPLOC proofs and sketches, made while it is computed: a chunk for the prompt, and one for each 32 positions after it.
/// Positions come in order at each depth; how they were cut into passes does not show.
/// </summary>
public sealed class AnswerProofs : IDisposable
{
    private readonly int _promptTokens;
    private readonly byte[] _seed;
    private readonly SketchBuilder[] _sketches;
    private readonly List<byte[]>[] _finished;
    private readonly int[] _chunks;
    private readonly bool _withToploc;
    private readonly TopActivations _top = new();
    private readonly List<byte[]> _proofs = [];
    private ushort[] _bits = [];
    private int _toplocChunk;
    private bool _ended;

    /// <summary>Begins an answer.</summary>
    /// <param name="layers">Of the model.</param>
    /// <param name="promptTokens">At least 1.</param>
    /// <param name="sketchSeed">32 bytes, from <see cref="SketchPlan.DeriveSeed"/>; copied.</param>
    /// <param name="withToploc">False leaves TOPLOC proofs out, so that what they cost can be measured apart.</param>
    public AnswerProofs(int layers, int promptTokens, ReadOnlySpan<byte> sketchSeed, bool withToploc = true)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(promptTokens, 1);
        Depths = SketchPlan.Depths(layers);
        (_promptTokens, _seed, _withToploc) = (promptTokens, sketchSeed.ToArray(), withToploc);
        _sketches = [.. Depths.Select(depth => new SketchBuilder(_seed, depth, 0))];
        _finished = [.. Depths.Select(static _ => new List<byte[]>())];
        _chunks = new int[Depths.Count];
    }

    /// <summary>Layers before each sketched stream, ascending.</summary>
    public IReadOnlyList<int> Depths { get; }

    /// <summary>Finished TOPLOC proofs, in the order of chunks.</summary>
    public IReadOnlyList<byte[]> Toploc => _proofs;

    /// <summary>Finished sketches, in the order of chunks: those of all depths one after another.</summary>
    public IReadOnlyList<byte[]> Sketches =>
        [.. Enumerable.Range(0, _finished.Min(static list => list.Count)).Select(chunk => _finished.SelectMany(list => list[chunk]).ToArray())];

    /// <summary>Finished sketches of one depth, in the order of chunks.</summary>
    /// <param name="depth">Which of <see cref="Depths"/>, by its place.</param>
    public IReadOnlyList<byte[]> SketchesOf(int depth) => _finished[depth];

    /// <summary>The chunk that a position belongs to.</summary>
    public int ChunkOf(int position) => position < _promptTokens ? 0 : 1 + ((position - _promptTokens) / SketchPlan.ChunkTokens);

    /// <summary>Adds the residual stream after some layers. Different depths, and last hidden states beside them, may be added from different threads.</summary>
    /// <param name="depth">Which of <see cref="Depths"/>, by its place.</param>
    /// <param name="position">Of the token.</param>
    /// <param name="stream">bfloat16 held as binary32.</param>
    public void AddStream(int depth, int position, ReadOnlySpan<float> stream) => SketchOf(depth, position).Add(stream);

    /// <summary>The same for a stream in bfloat16.</summary>
    /// <param name="depth">Which of <see cref="Depths"/>, by its place.</param>
    /// <param name="position">Of the token.</param>
    /// <param name="stream">bfloat16.</param>
    public void AddStream(int depth, int position, ReadOnlySpan<ushort> stream) => SketchOf(depth, position).Add(stream);

    /// <summary>Adds a last hidden state, as the output matrix reads it.</summary>
    /// <param name="position">Of the token.</param>
    /// <param name="hidden">bfloat16 held as binary32.</param>
    public void AddHidden(int position, ReadOnlySpan<float> hidden)
    {
        ObjectDisposedException.ThrowIf(_ended, this);
        if (_bits.Length != hidden.Length)
        {
            _bits = GC.AllocateArray<ushort>(hidden.Length, pinned: true);
        }

        for (int i = 0; i < hidden.Length; i++)
        {
            _bits[i] = BFloat16.FromSingle(hidden[i]);
        }

        AddHidden(position, _bits);
    }

    /// <summary>The same for a state in bfloat16.</summary>
    /// <param name="position">Of the token.</param>
    /// <param name="hidden">bfloat16.</param>
    public void AddHidden(int position, ReadOnlySpan<ushort> hidden)
    {
        ObjectDisposedException.ThrowIf(_ended, this);
        if (!_withToploc)
        {
            return;
        }

        if (ChunkOf(position) != _toplocChunk)
        {
            FinishToploc();
            _toplocChunk = ChunkOf(position);
        }

        _top.Add(hidden);
    }

    /// <summary>Finishes the last chunks.</summary>
    public void Finish()
    {
        if (_ended)
        {
            return;
        }

        _ended = true;
        FinishToploc();
        for (int depth = 0; depth < Depths.Count; depth++)
        {
            FinishSketch(depth);
        }
    }

    /// <summary>The roots that a receipt carries.</summary>
    /// <param name="salts">The receipt's.</param>
    /// <returns>32 bytes each.</returns>
    /// <exception cref="InvalidOperationException">The answer was not finished, or nothing was added.</exception>
    public (byte[] Toploc, byte[] Sketches) Roots(TraceSalts salts) => (Root(ChunkCommitment.ForToploc(salts), Toploc), SketchRoot(salts));

    /// <summary>The root over the sketches alone.</summary>
    /// <param name="salts">The receipt's.</param>
    /// <returns>32 bytes.</returns>
    /// <exception cref="InvalidOperationException">The answer was not finished, or nothing was added.</exception>
    public byte[] SketchRoot(TraceSalts salts) => Root(ChunkCommitment.ForSketches(salts), Sketches);

    /// <summary>Overwrites what is finished, which <see cref="Dispose"/> leaves to whoever took it.</summary>
    public void Wipe()
    {
        _proofs.ForEach(static proof => CryptographicOperations.ZeroMemory(proof));
        foreach (List<byte[]> depth in _finished)
        {
            depth.ForEach(static sketch => CryptographicOperations.ZeroMemory(sketch));
        }
    }

    /// <summary>Overwrites what is under way.</summary>
    public void Dispose()
    {
        _ended = true;
        _top.Clear();
        Array.Clear(_bits);
        CryptographicOperations.ZeroMemory(_seed);
        foreach (SketchBuilder sketch in _sketches)
        {
            sketch.Dispose();
        }
    }

    private byte[] Root(ChunkCommitment commitment, IReadOnlyList<byte[]> proofs)
    {
        if (!_ended)
        {
            throw new InvalidOperationException("the answer is not finished");
        }

        foreach (byte[] proof in proofs)
        {
            commitment.Append(proof);
        }

        return commitment.Root();
    }

    private SketchBuilder SketchOf(int depth, int position)
    {
        ObjectDisposedException.ThrowIf(_ended, this);
        if (ChunkOf(position) != _chunks[depth])
        {
            FinishSketch(depth);
            _chunks[depth] = ChunkOf(position);
            _sketches[depth].Restart(_chunks[depth]);
        }

        return _sketches[depth];
    }

    private void FinishToploc()
    {
        if (_top.Seen > 0)
        {
            _proofs.Add(ToplocProof.Create(_top).ToArray());
            _top.Clear();
        }
    }

    private void FinishSketch(int depth)
    {
        if (_sketches[depth].Elements > 0)
        {
            byte[] bytes = new byte[SketchPlan.Size];
            _sketches[depth].Write(bytes);
            _finished[depth].Add(bytes);
        }
    }
}
