using System.Diagnostics.CodeAnalysis;
using Verathos.Fingerprint.Keys;
using Verathos.Fingerprint.Numerics;
using Verathos.Fingerprint.Trace;

namespace Verathos.Fingerprint.Openings;

/// <summary>
/// Openings as bytes: version (1), kind (1 for a layer, 2 for logits, 3 for a step's leaves alone), then the parts in the order of their members. Lengths follow
/// from the model's shape; only what the shape leaves open is written. Decoding refuses anything that encoding does not write.
/// </summary>
public static class OpeningEncoding
{
    private const byte Version = 2;
    private const byte LayerKind = 1;
    private const byte LogitsKind = 2;
    private const byte StepKind = 3;

    /// <summary>Encodes a layer's opening.</summary>
    public static byte[] Encode(LayerEvidence evidence)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        OpeningWriter writer = new();
        writer.Byte(Version);
        writer.Byte(LayerKind);
        Write(writer, evidence.Step);
        LayerOpening layer = evidence.Layer;
        writer.Bytes(layer.PreviousLinks);
        foreach (ushort[] rows in (ushort[][])[layer.Query, layer.Key, layer.Value, layer.Attended, layer.Gate, layer.Up])
        {
            writer.Elements(rows);
        }

        if (layer.Experts is { } experts)
        {
            Write(writer, experts);
        }

        writer.Bytes(layer.ChainSalt);
        writer.Elements(layer.HeadKeys);
        writer.Elements(layer.HeadValues);
        Write(writer, evidence.Embedding);
        writer.Byte(evidence.Previous is null ? (byte)0 : (byte)1);
        if (evidence.Previous is { } previous)
        {
            Write(writer, previous);
        }

        Write(writer, evidence.Earlier);
        return writer.ToArray();
    }

    /// <summary>Encodes an opening of logits.</summary>
    public static byte[] Encode(LogitsEvidence evidence)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        OpeningWriter writer = new();
        writer.Byte(Version);
        writer.Byte(LogitsKind);
        Write(writer, evidence.Step);
        Write(writer, evidence.Embedding);
        writer.Byte(checked((byte)evidence.OutputRows.Count));
        foreach (OpenedRow row in evidence.OutputRows)
        {
            Write(writer, row);
        }

        return writer.ToArray();
    }

    /// <summary>Encodes all leaves of a step.</summary>
    public static byte[] Encode(StepOpening step)
    {
        ArgumentNullException.ThrowIfNull(step);
        OpeningWriter writer = new();
        writer.Byte(Version);
        writer.Byte(StepKind);
        Write(writer, step);
        return writer.ToArray();
    }

    /// <summary>Decodes all leaves of a step.</summary>
    /// <param name="encoded">Exactly one step.</param>
    /// <param name="shape">The model's, from the validator's own key.</param>
    /// <param name="step">The step, judged by nobody yet.</param>
    public static bool TryDecode(ReadOnlySpan<byte> encoded, TraceShape shape, [NotNullWhen(true)] out StepOpening? step)
    {
        ArgumentNullException.ThrowIfNull(shape);
        step = null;
        OpeningReader reader = new(encoded);
        if (reader.Byte() != Version || reader.Byte() != StepKind)
        {
            return false;
        }

        StepOpening read = ReadStep(ref reader, shape);
        step = reader.IsComplete ? read : null;
        return step is not null;
    }

    /// <summary>Decodes a layer's opening.</summary>
    /// <param name="encoded">Exactly one opening.</param>
    /// <param name="model">The model's constants, from the validator's own key.</param>
    /// <param name="evidence">The opening, judged by nobody yet.</param>
    public static bool TryDecode(ReadOnlySpan<byte> encoded, ModelConstants model, [NotNullWhen(true)] out LayerEvidence? evidence)
    {
        ArgumentNullException.ThrowIfNull(model);
        evidence = null;
        OpeningReader reader = new(encoded);
        if (reader.Byte() != Version || reader.Byte() != LayerKind)
        {
            return false;
        }

        StepOpening step = ReadStep(ref reader, model.Shape);
        (long head, long keys, long queries) = (model.Shape.HeadSize, (long)model.Shape.KvHeads * model.Shape.HeadSize, (long)model.Heads * model.Shape.HeadSize);
        int inner = model.Experts is null ? model.IntermediateSize : 0;
        long seen = step.Position is >= 0 and < int.MaxValue ? (step.Position + 1) * head : -1;
        LayerOpening layer = new()
        {
            PreviousLinks = reader.Bytes((long)model.Shape.KvHeads * TraceHash.Size),
            Query = reader.UInt16s(queries),
            Key = reader.UInt16s(keys),
            Value = reader.UInt16s(keys),
            Attended = reader.UInt16s(queries),
            Gate = reader.UInt16s(inner),
            Up = reader.UInt16s(inner),
            Experts = model.Experts is { } shape ? ReadExperts(ref reader, shape, model.Shape.HiddenSize) : null,
            ChainSalt = reader.Bytes(TraceSalts.Size),
            HeadKeys = reader.UInt16s(seen),
            HeadValues = reader.UInt16s(seen),
        };
        OpenedRow embedding = ReadRow(ref reader, model.Shape, out bool canonical);
        byte hasPrevious = reader.Byte();
        LeafProof? previous = hasPrevious == 1 ? ReadLeaf(ref reader, model.Shape) : null;
        LeafProof earlier = ReadLeaf(ref reader, model.Shape);
        if (!reader.IsComplete || hasPrevious > 1 || !canonical)
        {
            return false;
        }

        evidence = new LayerEvidence(step, layer, embedding, previous, earlier);
        return true;
    }

    /// <summary>Decodes an opening of logits.</summary>
    /// <param name="encoded">Exactly one opening.</param>
    /// <param name="model">The model's constants, from the validator's own key.</param>
    /// <param name="evidence">The opening, judged by nobody yet.</param>
    public static bool TryDecode(ReadOnlySpan<byte> encoded, ModelConstants model, [NotNullWhen(true)] out LogitsEvidence? evidence)
    {
        ArgumentNullException.ThrowIfNull(model);
        evidence = null;
        OpeningReader reader = new(encoded);
        if (reader.Byte() != Version || reader.Byte() != LogitsKind)
        {
            return false;
        }

        StepOpening step = ReadStep(ref reader, model.Shape);
        OpenedRow embedding = ReadRow(ref reader, model.Shape, out bool canonical);
        int count = reader.Byte();
        List<OpenedRow> rows = [];
        for (int i = 0; i < count && !reader.Failed; i++)
        {
            rows.Add(ReadRow(ref reader, model.Shape, out bool also));
            canonical &= also;
        }

        if (!reader.IsComplete || !canonical)
        {
            return false;
        }

        evidence = new LogitsEvidence(step, embedding, rows);
        return true;
    }

    private static void Write(OpeningWriter writer, ExpertOpening experts)
    {
        writer.Elements(experts.Router);
        Array.ForEach(experts.Chosen, writer.Int32);
        writer.Elements(experts.SharedLogit);
        foreach (ushort[] rows in experts.Rows)
        {
            writer.Elements(rows);
        }
    }

    private static ExpertOpening ReadExperts(ref OpeningReader reader, ExpertShape shape, int hidden)
    {
        long inner = (long)shape.PerToken * shape.IntermediateSize;
        float[] router = reader.Singles(shape.Count);
        int[] chosen = new int[shape.PerToken];
        for (int i = 0; i < chosen.Length; i++)
        {
            chosen[i] = reader.Int32();
        }

        (int shared, bool isShared) = (shape.SharedIntermediateSize, shape.SharedIntermediateSize > 0);
        return new ExpertOpening
        {
            Router = router,
            Chosen = chosen,
            SharedLogit = reader.Singles(isShared ? 1 : 0),
            Gates = reader.UInt16s(inner),
            Ups = reader.UInt16s(inner),
            Downs = reader.UInt16s((long)shape.PerToken * hidden),
            SharedGate = reader.UInt16s(shared),
            SharedUp = reader.UInt16s(shared),
            SharedDown = reader.UInt16s(isShared ? hidden : 0),
        };
    }

    private static void Write(OpeningWriter writer, StepOpening step)
    {
        writer.Int64(step.Position);
        writer.Int32(step.InputId);
        writer.Byte(step.Logits.Length == 0 ? (byte)0 : (byte)1);
        writer.Bytes(step.Salts);
        writer.Elements(step.AttentionOutputs);
        writer.Elements(step.DownOutputs);
        writer.Bytes(step.Links);
        writer.Elements(step.Logits);
        writer.Path(step.Path);
    }

    private static StepOpening ReadStep(ref OpeningReader reader, TraceShape shape)
    {
        (long position, int id, byte hasLogits) = (reader.Int64(), reader.Int32(), reader.Byte());

        // A flag that is neither asks for more than there can be.
        long logits = hasLogits switch { 0 => 0, 1 => shape.VocabularySize, _ => -1 };
        return new StepOpening
        {
            Position = position,
            InputId = id,
            Salts = reader.Bytes((long)shape.Leaves * TraceSalts.Size),
            AttentionOutputs = reader.UInt16s((long)shape.Layers * shape.HiddenSize),
            DownOutputs = reader.UInt16s((long)shape.Layers * shape.HiddenSize),
            Links = reader.Bytes((long)shape.Layers * shape.KvHeads * TraceHash.Size),
            Logits = reader.Singles(logits),
            Path = reader.Path(),
        };
    }

    private static void Write(OpeningWriter writer, LeafProof leaf)
    {
        writer.Int64(leaf.Position);
        writer.Int32(leaf.InputId);
        writer.Int32(leaf.Layer);
        writer.Bytes(leaf.Outputs);
        writer.Bytes(leaf.Links);
        writer.Path(leaf.LeafPath);
        writer.Path(leaf.StepPath);
    }

    private static LeafProof ReadLeaf(ref OpeningReader reader, TraceShape shape) => new()
    {
        Position = reader.Int64(),
        InputId = reader.Int32(),
        Layer = reader.Int32(),
        Outputs = reader.Bytes(TraceHash.Size),
        Links = reader.Bytes((long)shape.KvHeads * TraceHash.Size),
        LeafPath = reader.Path(),
        StepPath = reader.Path(),
    };

    private static void Write(OpeningWriter writer, OpenedRow row)
    {
        writer.Int32(row.Index);
        if (OpenedRow.FitsBFloat16(row.Weights))
        {
            writer.Byte(sizeof(ushort));
            writer.Elements(Array.ConvertAll(row.Weights, BFloat16.FromSingle));
        }
        else
        {
            writer.Byte(sizeof(float));
            writer.Elements(row.Weights);
        }

        writer.Path(row.Path);
    }

    private static OpenedRow ReadRow(ref OpeningReader reader, TraceShape shape, out bool canonical)
    {
        (int index, byte size) = (reader.Int32(), reader.Byte());
        float[] weights = size switch
        {
            sizeof(ushort) => Array.ConvertAll(reader.UInt16s(shape.HiddenSize), BFloat16.ToSingle),
            sizeof(float) => reader.Singles(shape.HiddenSize),
            _ => reader.Singles(-1),
        };
        canonical = size == (OpenedRow.FitsBFloat16(weights) ? sizeof(ushort) : sizeof(float));
        return new OpenedRow(index, weights, reader.Path());
    }
}
