using System.Buffers;
using Verathos.Protocol.Cbor;
using Verathos.Protocol.Openings;

namespace Verathos.Protocol.Receipts;

/// <summary>
/// Claims by number, taken out one by one by type. What is missing or has the wrong type is remembered, and so is what was never
/// taken out: a claim that this version does not know is refused, never ignored.
/// </summary>
internal sealed class ClaimSet
{
    private static readonly SearchValues<char> LowerHex = SearchValues.Create("0123456789abcdef");

    // No statement has as many. Without a limit a message of the shortest claims would take forty times its bytes of memory.
    private const int MostClaims = 64;

    private readonly Dictionary<long, byte[]> claims = [];

    /// <summary>True while every claim asked for was there in the right form.</summary>
    public bool IsValid { get; private set; } = true;

    /// <summary>True if, besides, none is left.</summary>
    public bool IsComplete => IsValid && claims.Count == 0;

    public static ClaimSet Read(ReadOnlySpan<byte> payload)
    {
        ClaimSet set = new();
        DeterministicCborReader reader = new(payload);
        if (!DeterministicCbor.TryValidate(payload, out _) || !reader.TryReadMap(out int count) || count > MostClaims)
        {
            set.IsValid = false;
            return set;
        }

        for (int i = 0; i < count && set.IsValid; i++)
        {
            if (reader.TryReadInt64(out long label) && reader.TryReadEncoded(out ReadOnlySpan<byte> value))
            {
                set.claims.Add(label, value.ToArray());
            }
            else
            {
                set.IsValid = false;
            }
        }

        return set;
    }

    public byte[] Bytes(long label, int length) =>
        new DeterministicCborReader(Take(label)) is var reader && reader.TryReadBytes(length, out byte[] value) ? value : Fail<byte[]>([]);

    // The casts of null matter: a null array would become an empty memory that is there.
    public ReadOnlyMemory<byte>? OptionalBytes(long label, int length) =>
        claims.ContainsKey(label) ? Bytes(label, length) : (ReadOnlyMemory<byte>?)null;

    public ReadOnlyMemory<byte>? BytesOrNull(long label, int length)
    {
        byte[] value = Take(label);
        DeterministicCborReader reader = new(value);
        if (reader.TryReadNull())
        {
            return null;
        }

        return reader.TryReadBytes(length, out byte[] bytes) ? bytes : Fail<byte[]>([]);
    }

    public ulong UInt64(long label) =>
        new DeterministicCborReader(Take(label)) is var reader && reader.TryReadUInt64(out ulong value) ? value : Fail(0UL);

    public uint UInt32(long label) =>
        new DeterministicCborReader(Take(label)) is var reader && reader.TryReadUInt32(out uint value) ? value : Fail(0U);

    public string Text(long label) =>
        new DeterministicCborReader(Take(label)) is var reader && reader.TryReadText(out string value) ? value : Fail(string.Empty);

    public string? OptionalText(long label) => claims.ContainsKey(label) ? Text(label) : null;

    public bool Boolean(long label) =>
        new DeterministicCborReader(Take(label)) is var reader && reader.TryReadBoolean(out bool value) ? value : Fail(false);

    public DateTimeOffset Time(long label)
    {
        ulong seconds = UInt64(label);
        return seconds <= (ulong)DateTimeOffset.MaxValue.ToUnixTimeSeconds()
            ? DateTimeOffset.FromUnixTimeSeconds((long)seconds)
            : Fail(DateTimeOffset.UnixEpoch);
    }

    /// <summary>The boot id out of "verathos:" and 32 lower-case hex digits.</summary>
    public byte[] Issuer()
    {
        string issuer = Text(ReceiptLabels.Issuer);
        byte[] bootId = new byte[16];
        return issuer.Length == Prefix.Length + 32
            && issuer.StartsWith(Prefix, StringComparison.Ordinal)
            && !issuer.AsSpan(Prefix.Length).ContainsAnyExcept(LowerHex)
            && Convert.FromHexString(issuer.AsSpan(Prefix.Length), bootId, out _, out _) == OperationStatus.Done
            ? bootId
            : Fail(bootId);
    }

    public SamplingClaims Sampling() =>
        SamplingCbor.TryRead(new DeterministicCborReader(Take(ReceiptLabels.Sampling)), out SamplingClaims sampling) ? sampling : Fail(default(SamplingClaims));

    /// <summary>The value as it is encoded, for who reads it himself; empty where it is missing.</summary>
    public ReadOnlySpan<byte> Encoded(long label) => Take(label);

    public OpeningAsk Asked()
    {
        DeterministicCborReader reader = new(Take(ReceiptLabels.Asked));
        return OpeningAsk.TryRead(ref reader, out OpeningAsk? ask) && reader.AtEnd ? ask : Fail(OpeningAsk.StepHashes);
    }

    public static void Issuer(DeterministicCborMap map, ReadOnlyMemory<byte> bootId) =>
        map.Add(ReceiptLabels.Issuer, Prefix + Convert.ToHexStringLower(bootId.Span));

    public static void Sampling(DeterministicCborMap map, SamplingClaims sampling) =>
        map.Add(ReceiptLabels.Sampling, writer => writer.Map(SamplingCbor.Write(sampling)));

    public static void Optional(DeterministicCborMap map, long label, string? text)
    {
        if (text is not null)
        {
            map.Add(label, text);
        }
    }

    public static void Time(DeterministicCborMap map, long label, DateTimeOffset time) =>
        map.Add(label, checked((ulong)time.ToUnixTimeSeconds()));

    private const string Prefix = "verathos:";

    private byte[] Take(long label) => claims.Remove(label, out byte[]? value) ? value : Fail<byte[]>([]);

    private T Fail<T>(T value)
    {
        IsValid = false;
        return value;
    }
}
