using Verathos.Client.Receipts;
using Verathos.Client.Requests;
using Verathos.Protocol.Cbor;

namespace Verathos.Client.Bundles;

/// <summary>The transcript inside a bundle; see the remarks of <see cref="ProofBundle"/>.</summary>
internal static class TranscriptCbor
{
    public static byte[] Encode(Transcript transcript)
    {
        RequestedParameters parameters = transcript.Parameters;
        DeterministicCborMap map = new DeterministicCborMap()
            .Add(1, transcript.RequestDigest)
            .Add(2, transcript.ClientNonce)
            .Add(3, transcript.AuditCommitment)
            .Add(4, writer =>
            {
                writer.Array(parameters.HasOptional ? 9 : 5).UInt64(parameters.TemperatureMicro).UInt64(parameters.TopPMicro).UInt64((ulong)parameters.TopK).UInt64(parameters.Seed);
                if (parameters.MaxTokens is int maximum)
                    writer.UInt64((ulong)maximum);
                else
                    writer.Null();

                if (!parameters.HasOptional)
                    return;

                writer.Int64(parameters.FrequencyPenaltyMicro).Int64(parameters.PresencePenaltyMicro).UInt64(parameters.RepetitionPenaltyMicro);
                if (parameters.ResponseFormat is { } format)
                    writer.Bytes(format);
                else
                    writer.Null();
            })
            .Add(5, writer =>
            {
                writer.Array(transcript.ChunkHashes.Count);
                foreach (byte[] hash in transcript.ChunkHashes)
                    writer.Bytes(hash);
            })
            .Add(6, ProofBundle.Milliseconds(transcript.SentAt))
            .Add(7, ProofBundle.Milliseconds(transcript.ReceivedAt))
            .Add(8, transcript.StreamId)
            .Add(9, transcript.FinishReason);
        if (transcript.ReceiptSecret.Length > 0)
        {
            map.Add(10, transcript.ReceiptSecret)
                .Add(11, writer => WriteIds(writer, transcript.PromptIds))
                .Add(12, writer => WriteIds(writer, transcript.OutputIds));
        }

        if (transcript.Model is { } model)
            map.Add(13, model);

        if (transcript.TraceRoot is { } root)
            map.Add(14, root);

        return map.Encode();
    }

    public static bool TryRead(ref DeterministicCborReader reader, out Transcript? transcript)
    {
        transcript = null;
        if (!reader.TryReadMap(out int members) || members is not (>= 9 and <= 14)
            || !ProofBundle.Key(ref reader, 1) || !reader.TryReadBytes(32, out byte[] requestDigest)
            || !ProofBundle.Key(ref reader, 2) || !reader.TryReadBytes(32, out byte[] nonce)
            || !ProofBundle.Key(ref reader, 3) || !reader.TryReadBytes(32, out byte[] audit)
            || !ProofBundle.Key(ref reader, 4) || !TryReadParameters(ref reader, out RequestedParameters? parameters)
            || !ProofBundle.Key(ref reader, 5) || !TryReadHashes(ref reader, out byte[][] hashes)
            || !ProofBundle.Key(ref reader, 6) || !ProofBundle.TryReadTime(ref reader, out DateTimeOffset sentAt)
            || !ProofBundle.Key(ref reader, 7) || !ProofBundle.TryReadTime(ref reader, out DateTimeOffset receivedAt)
            || !ProofBundle.Key(ref reader, 8) || !reader.TryReadBytes(16, out byte[] streamId)
            || !ProofBundle.Key(ref reader, 9) || !reader.TryReadText(out string finish))
        {
            return false;
        }

        byte[] secret = [];
        int[] promptIds = [];
        int[] outputIds = [];
        string? model = null;
        byte[]? root = null;
        ulong next = 0;
        for (int left = members - 9; left > 0; left--)
        {
            // Keys ascend and differ, which deterministic CBOR guarantees; 10 to 12 come together.
            bool whole = reader.TryReadUInt64(out next) && next switch
            {
                10 => reader.TryReadBytes(32, out secret)
                    && --left > 0 && ProofBundle.Key(ref reader, 11) && TryReadIds(ref reader, out promptIds)
                    && --left > 0 && ProofBundle.Key(ref reader, 12) && TryReadIds(ref reader, out outputIds),
                13 => reader.TryReadText(out model),
                14 => reader.TryReadBytes(32, out root),
                _ => false,
            };
            if (!whole)
                return false;
        }

        transcript = new Transcript
        {
            Model = model,
            TraceRoot = root,
            RequestDigest = requestDigest,
            ClientNonce = nonce,
            AuditCommitment = audit,
            Parameters = parameters!,
            ReceiptSecret = secret,
            PromptIds = promptIds,
            OutputIds = outputIds,
            ChunkHashes = hashes,
            StreamId = streamId,
            FinishReason = finish,
            SentAt = sentAt,
            ReceivedAt = receivedAt,
        };
        return true;
    }

    private static bool TryReadParameters(ref DeterministicCborReader reader, out RequestedParameters? parameters)
    {
        parameters = null;
        if (!reader.TryReadArray(out int count) || count is not (5 or 9)
            || !reader.TryReadUInt32(out uint temperature) || !reader.TryReadUInt32(out uint topP)
            || !reader.TryReadUInt32(out uint topK) || topK > int.MaxValue || !reader.TryReadUInt64(out ulong seed))
        {
            return false;
        }

        int? maximum = null;
        if (!reader.TryReadNull())
        {
            if (!reader.TryReadUInt32(out uint most) || most > int.MaxValue)
                return false;

            maximum = (int)most;
        }

        parameters = new RequestedParameters(temperature, topP, (int)topK, seed, maximum);
        return count == 5 || TryReadOptional(ref reader, ref parameters);
    }

    private static bool TryReadOptional(ref DeterministicCborReader reader, ref RequestedParameters? parameters)
    {
        if (!reader.TryReadInt64(out long frequency) || frequency is < int.MinValue or > int.MaxValue
            || !reader.TryReadInt64(out long presence) || presence is < int.MinValue or > int.MaxValue
            || !reader.TryReadUInt32(out uint repetition))
        {
            return false;
        }

        byte[]? format = null;
        if (!reader.TryReadNull())
        {
            if (!reader.TryReadBytes(32, out byte[] digest))
                return false;

            format = digest;
        }

        parameters = parameters! with
        {
            FrequencyPenaltyMicro = (int)frequency,
            PresencePenaltyMicro = (int)presence,
            RepetitionPenaltyMicro = repetition,
            ResponseFormat = format,
        };

        // One encoding of each: the short form is the only one without them.
        return parameters.HasOptional;
    }

    private static bool TryReadHashes(ref DeterministicCborReader reader, out byte[][] hashes)
    {
        hashes = [];
        if (!reader.TryReadArray(out int count))
            return false;

        hashes = new byte[count][];
        for (int i = 0; i < count; i++)
        {
            if (!reader.TryReadBytes(32, out hashes[i]))
                return false;
        }

        return true;
    }

    private static bool TryReadIds(ref DeterministicCborReader reader, out int[] ids)
    {
        ids = [];
        if (!reader.TryReadArray(out int count))
            return false;

        ids = new int[count];
        for (int i = 0; i < count; i++)
        {
            if (!reader.TryReadUInt32(out uint id) || id > int.MaxValue)
                return false;

            ids[i] = (int)id;
        }

        return true;
    }

    private static void WriteIds(DeterministicCborWriter writer, IReadOnlyList<int> ids)
    {
        writer.Array(ids.Count);
        foreach (int id in ids)
            writer.UInt64((ulong)id);
    }
}
