using System.Net;
using System.Net.Http.Headers;
using Verathos.Protocol.Requests;

namespace Verathos.Client.Requests;

/// <summary>The body of an outer request: sealed only when the connection takes it.</summary>
internal sealed class SealedContent : HttpContent
{
    private readonly SealedExchange _exchange;

    public SealedContent(SealedExchange exchange)
    {
        _exchange = exchange;
        Headers.ContentType = new MediaTypeHeaderValue(MediaTypes.ChunkedRequest);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        _exchange.WriteAsync(stream, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        _exchange.WriteAsync(stream, cancellationToken);

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
