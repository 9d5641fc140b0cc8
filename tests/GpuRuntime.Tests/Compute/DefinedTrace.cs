using Verathos.Fingerprint.Merkle;
using Verathos.Fingerprint.Numerics;
using Verathos.Fingerprint.Trace;

namespace Verathos.GpuRuntime.Tests.Compute;

/// <summary>A trace by nothing but the definitions of its hashes, one after the other.</summary>
internal sealed class DefinedTrace
{
    private readonly TraceShape _shape;
    private readonly TraceSalts _salts;
    private readonly byte[] _chains;
    private readonly List<byte[]> _steps = [];
    private readonly List<byte[]> _leaves = [];

    public DefinedTrace(TraceShape shape, byte[] secret)
    {
        (_shape, _salts) = (shape, new TraceSalts(secret));
        _chains = new byte[shape.Layers * shape.KvHeads * 32];
        _salts.Write(TraceSalts.ChainPosition, _chains);
    }

    public int Steps => _steps.Count;

    public void AddHead(int layer, int head, ushort[] key, ushort[] value)
    {
        Span<byte> chain = _chains.AsSpan(((layer * _shape.KvHeads) + head) * 32, 32);
        TraceHash.Link(chain, key, value, chain);
    }

    public void AddLayer(int layer, float[] attentionOutput, float[] downOutput)
    {
        byte[] outputs = TraceHash.Outputs(Salt(layer), Array.ConvertAll(attentionOutput, BFloat16.FromSingle), Array.ConvertAll(downOutput, BFloat16.FromSingle));
        _leaves.Add(TraceHash.Layer(Steps, layer, outputs, _chains.AsSpan(layer * _shape.KvHeads * 32, _shape.KvHeads * 32)));
    }

    public void Complete(int id, float[] logits)
    {
        _leaves.Add(TraceHash.Logits(Salt(_shape.Layers), Steps, logits));
        byte[] step = new byte[32];
        TraceHash.Step(Steps, id, MerkleTree.Root(_leaves), step);
        _steps.Add(step);
        _leaves.Clear();
    }

    public byte[] Root()
    {
        byte[] root = new byte[32];
        TraceHash.Root(_shape, Steps, MerkleTree.Root(_steps), root);
        return root;
    }

    private byte[] Salt(int leaf)
    {
        byte[] salt = new byte[32];
        _salts.Write(Steps, leaf, salt);
        return salt;
    }
}
