using Verathos.Protocol.Cbor;

namespace Verathos.Protocol.Receipts;

/// <summary>The map of <see cref="SamplingClaims"/>. What a request leaves out is absent, so there is one encoding of each.</summary>
internal static class SamplingCbor
{
    private const int Required = 5;

    public static DeterministicCborMap Write(SamplingClaims sampling)
    {
        DeterministicCborMap map = new DeterministicCborMap()
            .Add(1, sampling.TemperatureMicro)
            .Add(2, sampling.TopPMicro)
            .Add(3, sampling.TopK)
            .Add(4, sampling.Seed)
            .Add(5, sampling.MaxTokens);
        AddSigned(map, 6, sampling.FrequencyPenaltyMicro);
        AddSigned(map, 7, sampling.PresencePenaltyMicro);
        if (sampling.RepetitionPenaltyMicro != 0)
        {
            map.Add(8, sampling.RepetitionPenaltyMicro);
        }

        if (sampling.ResponseFormat is { } format)
        {
            map.Add(9, format.ToArray());
        }

        return map;
    }

    public static bool TryRead(DeterministicCborReader reader, out SamplingClaims sampling)
    {
        sampling = default;
        if (!reader.TryReadMap(out int count) || count < Required
            || !reader.TryReadInt64(out long label) || label != 1 || !reader.TryReadUInt32(out uint temperature)
            || !reader.TryReadInt64(out label) || label != 2 || !reader.TryReadUInt32(out uint topP)
            || !reader.TryReadInt64(out label) || label != 3 || !reader.TryReadUInt32(out uint topK)
            || !reader.TryReadInt64(out label) || label != 4 || !reader.TryReadUInt64(out ulong seed)
            || !reader.TryReadInt64(out label) || label != 5 || !reader.TryReadUInt32(out uint maxTokens))
        {
            return false;
        }

        sampling = new SamplingClaims(temperature, topP, topK, seed, maxTokens);
        for (int i = Required; i < count; i++)
        {
            if (!reader.TryReadInt64(out label) || !TryReadOptional(ref reader, label, ref sampling))
            {
                return false;
            }
        }

        return true;
    }

    // A value that stands for nothing must be left out; that labels rise was checked with the whole message.
    private static bool TryReadOptional(ref DeterministicCborReader reader, long label, ref SamplingClaims sampling)
    {
        switch (label)
        {
            case 6 when TryReadSigned(ref reader, out int frequency):
                sampling = sampling with { FrequencyPenaltyMicro = frequency };
                return true;
            case 7 when TryReadSigned(ref reader, out int presence):
                sampling = sampling with { PresencePenaltyMicro = presence };
                return true;
            case 8 when reader.TryReadUInt32(out uint repetition) && repetition is not (0 or 1_000_000):
                sampling = sampling with { RepetitionPenaltyMicro = repetition };
                return true;
            case 9 when reader.TryReadBytes(32, out byte[] format):
                sampling = sampling with { ResponseFormat = format };
                return true;
            default:
                return false;
        }
    }

    private static bool TryReadSigned(ref DeterministicCborReader reader, out int value)
    {
        bool read = reader.TryReadInt64(out long wide) && wide is >= int.MinValue and <= int.MaxValue and not 0;
        value = read ? (int)wide : 0;
        return read;
    }

    private static void AddSigned(DeterministicCborMap map, long label, int value)
    {
        if (value != 0)
        {
            map.Add(label, writer => writer.Int64(value));
        }
    }
}
