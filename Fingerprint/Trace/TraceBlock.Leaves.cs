using System.Security.Cryptography;
using Verathos.Fingerprint.Hashing;

namespace Verathos.Fingerprint.Trace;

/// <summary>What the parts of a pass hash.</summary>
public sealed partial class TraceBlock
{
    /// <summary>Chains of all sequences, layers and heads side by side, each from row to row.</summary>
    private void HashChains(int first, byte[] room)
    {
        int some = Math.Min(Most, Chains - first);
        int perSequence = _shape.Layers * _shape.KvHeads;
        Span<(int Chain, int Layer, int Head, int Slot)> lanes = stackalloc (int, int, int, int)[Most];
        Span<byte> hashes = room.AsSpan(room.Length - _lastSize - (Most * Size), Most * Size);
        for (int i = 0; i < some; i++)
        {
            (int slot, int chain) = Math.DivRem(first + i, perSequence);
            lanes[i] = (chain, chain / _shape.KvHeads, chain % _shape.KvHeads, slot);
            Chain(slot, chain).CopyTo(hashes[(i * Size)..]);
        }

        for (int step = 0; step < Run; step += StagedLinks)
        {
            int staged = Math.Min(StagedLinks, Run - step);
            for (int i = 0; i < some; i++)
            {
                for (int ahead = 0; ahead < staged; ahead++)
                {
                    Span<byte> message = room.AsSpan(((ahead * Most) + i) * _linkSize, _linkSize);
                    message[0] = 2;
                    _source!.CopyHead(_rows[lanes[i].Slot + step + ahead], lanes[i].Layer, lanes[i].Head, message[(1 + Size)..]);
                }
            }

            for (int ahead = 0; ahead < staged; ahead++)
            {
                Span<byte> messages = room.AsSpan(ahead * Most * _linkSize, some * _linkSize);
                for (int i = 0; i < some; i++)
                {
                    hashes.Slice(i * Size, Size).CopyTo(messages[((i * _linkSize) + 1)..]);
                }

                Sha256Lanes.Hash(messages, _linkSize, _linkSize, some, hashes);
                for (int i = 0; i < some; i++)
                {
                    hashes.Slice(i * Size, Size).CopyTo(Links(lanes[i].Layer, lanes[i].Slot + step + ahead)[(lanes[i].Head * Size)..]);
                }
            }
        }

        for (int i = 0; i < some; i++)
        {
            hashes.Slice(i * Size, Size).CopyTo(Chain(lanes[i].Slot, lanes[i].Chain));
        }
    }

    private Span<byte> Chain(int slot, int chain) => _owners[slot]!.Chains.AsSpan(chain * Size, Size);

    private void HashLayers(int first, int some, byte[] room, Span<byte> hashes)
    {
        for (int at = 0; at < some * _shape.Layers; at += Most)
        {
            int messages = Math.Min(Most, (some * _shape.Layers) - at);
            for (int i = 0; i < messages; i++)
            {
                (int layer, int slot) = ((at + i) / some, first + ((at + i) % some));
                TraceHash.WriteLayer(room.AsSpan(i * _layerSize), PositionOf(slot), layer, _outputHashes.AsSpan(((layer * _count) + slot) * Size, Size), Links(layer, slot));
            }

            Sha256Lanes.Hash(room, _layerSize, _layerSize, messages, hashes);
            for (int i = 0; i < messages; i++)
            {
                (int layer, int slot) = ((at + i) / some, first + ((at + i) % some));
                hashes.Slice(i * Size, Size).CopyTo(Leaf(slot, layer));
            }
        }
    }

    /// <summary>The leaves over logits: those without any together.</summary>
    private void HashLast(int first, int some, byte[] room, Span<byte> hashes)
    {
        int without = 0;
        for (int slot = first; slot < first + some; slot++)
        {
            ReadOnlySpan<byte> salt = _salts.AsSpan(((slot * _shape.Leaves) + _shape.Layers) * Size, Size);
            int logits = _source!.LogitsOf(_rows[slot]).Length;
            Span<byte> leaf = logits == 0 ? room.AsSpan(without++ * TraceHash.LogitsHeader, TraceHash.LogitsHeader) : room.AsSpan(room.Length - _lastSize);
            TraceHash.WriteLogitsHeader(leaf, salt, PositionOf(slot), logits);
            if (logits > 0)
            {
                _logitsHashes.AsSpan((slot - _firstLogits) * _kinds * Size, _kinds * Size).CopyTo(leaf[TraceHash.LogitsHeader..]);
                SHA256.HashData(leaf, Leaf(slot, _shape.Layers));
            }
        }

        Sha256Lanes.Hash(room, TraceHash.LogitsHeader, TraceHash.LogitsHeader, without, hashes);
        for (int slot = first, i = 0; i < without; slot++)
        {
            if (_source!.LogitsOf(_rows[slot]).IsEmpty)
            {
                hashes.Slice(i++ * Size, Size).CopyTo(Leaf(slot, _shape.Layers));
            }
        }
    }

    private Span<byte> Leaf(int slot, int leaf) => _leaves.AsSpan(((slot * _shape.Leaves) + leaf) * Size, Size);
}
