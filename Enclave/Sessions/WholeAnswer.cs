using System.Globalization;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Exchange;
using Verathos.Protocol.Ohttp;
using Verathos.Protocol.Requests;

namespace Verathos.Enclave.Sessions;

/// <summary>An answer that is not a stream: an error, or the list of models. It has no receipt.</summary>
internal static class WholeAnswer
{
    /// <summary>Seals JSON, filled up to the bucket with spaces after its end.</summary>
    /// <param name="sealer">From the request; it is used up.</param>
    /// <param name="status">The inner status.</param>
    /// <param name="json">The body.</param>
    /// <param name="retryAfter">Seconds after which another try makes sense, or null.</param>
    /// <param name="bucket">The bucket in bytes; 0 fills nothing.</param>
    public static byte[] Seal(ChunkedResponseSealer sealer, int status, byte[] json, int? retryAfter, int bucket)
    {
        int step = Math.Max(1, bucket);
        byte[] padded = new byte[(json.Length + step - 1) / step * step];
        json.CopyTo(padded, 0);
        padded.AsSpan(json.Length).Fill((byte)' ');
        List<BhttpField> fields = [new BhttpField("content-type", MediaTypes.Json), new BhttpField("cache-control", "no-store")];
        if (retryAfter is { } seconds)
        {
            fields.Insert(1, new BhttpField("retry-after", seconds.ToString(CultureInfo.InvariantCulture)));
        }

        using ResponseStreamSealer stream = new(sealer, null);
        return [.. stream.Start(status, fields), .. stream.Write(padded), .. stream.Finish([])];
    }
}
